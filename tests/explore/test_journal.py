"""A journal that was cut, changed or is shared: what it says is believed where it is whole, else priced again."""

from __future__ import annotations

import errno
import json
import os
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simdc.cli import main
from simdc.errors import SimdcError
from simdc.explore import exploration as exploration_module
from simdc.explore.exploration import Exploration
from simdc.explore.journal import Journal, _checksum  # pyright: ignore[reportPrivateUsage]
from simdc.explore.pricing import Priced
from simdc.explore.tasks import Job
from tests.explore.spaces import NET, PLAIN, SPACE, WEIGHTS, network_of_text, space_of
from tests.explore.test_resume import everything, exploration, short_tasks, stop_after

__all__ = ["short_tasks"]


def equal(one: Priced, other: Priced) -> bool:
    return (one.values.tobytes(), one.refused.tobytes(), one.reasons) == (
        other.values.tobytes(),
        other.refused.tobytes(),
        other.reasons,
    )


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Exploration:
    """Done; its tasks have all kinds of points, refused ones too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exploration_module, "FEW_POINTS", 5)
        patch.setattr(exploration_module, "MANY_POINTS", 5)
        found = exploration(tmp_path_factory.mktemp("whole"))
    found.run()
    assert any(priced.reasons for priced in found.finished.values())
    return found


def written(path: Path, whole: Exploration) -> bytes:
    """The journal of all tasks."""
    journal = Journal(str(path), whole.job)
    for number, priced in whole.finished.items():
        journal.append(number, priced)
    journal.close()
    return path.read_bytes()


def test_all_that_was_written_is_read(whole: Exploration, tmp_path: Path) -> None:
    written(tmp_path / "j", whole)
    journal = Journal(str(tmp_path / "j"), whole.job)
    journal.close()
    assert journal.remarks == []
    assert journal.finished.keys() == whole.finished.keys()
    assert all(equal(priced, whole.finished[number]) for number, priced in journal.finished.items())


@settings(max_examples=60)
@given(st.data())
def test_a_damaged_journal_is_never_believed(whole: Exploration, data: st.DataObject) -> None:
    """Bits turned, bytes taken out or put in, the end cut off: each task is as it was, or is not there."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "j"
        text = bytearray(written(path, whole))
        for _ in range(data.draw(st.integers(1, 3))):
            place = data.draw(st.integers(0, len(text) - 1))
            match data.draw(st.sampled_from(["turn", "out", "in", "cut", "twice"])):
                case "turn":
                    text[place] ^= data.draw(st.sampled_from([1, 2, 16, 32, 128]))
                case "out":
                    del text[place : place + data.draw(st.integers(1, 300))]
                case "in":
                    text[place:place] = data.draw(st.binary(min_size=1, max_size=9))
                case "cut":
                    del text[place:]
                case _:
                    text += text[place:]
            if not text:
                break
        path.write_bytes(text)
        try:
            journal = Journal(str(path), whole.job)
        except SimdcError:
            # Only a first line that is not this exploration's is refused as a whole.
            assert path.read_bytes() == text
            return
        journal.close()
        assert all(equal(priced, whole.finished[number]) for number, priced in journal.finished.items())


def test_a_run_goes_on_from_a_damaged_journal(whole: Exploration, tmp_path: Path) -> None:
    path = tmp_path / "j"
    lines = written(path, whole).splitlines(keepends=True)
    lines[3] = lines[3].replace(b'"values": "', b'"values": "A')
    del lines[7]
    path.write_bytes(b"".join(lines)[:-20])
    again = exploration(tmp_path)
    journal = Journal(str(path), again.job)
    assert journal.remarks == [f"is damaged in 1 of {len(lines) - 1} lines (4): they are priced again"]
    redone: list[int] = []
    again.run(journal=journal, after=redone.append)
    journal.close()
    # One was changed, one taken out, the last one cut off.
    assert len(redone) == 3
    assert everything(again) == everything(whole)
    # What was cut off is gone, so that what follows is whole.
    last = Journal(str(path), again.job)
    last.close()
    assert last.finished.keys() == whole.finished.keys()


def forged(job: Job, number: int, priced: Priced, path: Path) -> Journal:
    """A journal with a task that its checksum covers."""
    journal = Journal(str(path), job)
    journal.append(number, priced)
    journal.close()
    journal = Journal(str(path), job)
    journal.close()
    return journal


def test_what_no_task_can_give_is_not_believed(whole: Exploration, tmp_path: Path) -> None:
    number, good = next((number, each) for number, each in whole.finished.items() if each.refused.any())
    values, refused, reasons = good
    assert forged(whole.job, number, good, tmp_path / "good").finished.keys() == {number}
    point = int(np.flatnonzero(refused == 0)[0])
    minus, nan = values.copy(), values.copy()
    minus[0, 0, point], nan[0, 0, point] = -1.0, np.nan
    wrong = {
        "a task beyond the last": (len(whole.job.tasks), good),
        "a task before the first": (number - len(whole.job.tasks), good),
        "fewer points": (number, Priced(values[:, :, 1:], refused[1:], reasons)),
        "one for all": (number, Priced(values[:, :, :1], refused, reasons)),
        "no refusals": (number, Priced(values, refused[:0], reasons)),
        "no such reason": (number, Priced(values, refused + (refused > 0) * len(reasons), reasons)),
        "less than zero refused": (number, Priced(values, -refused, reasons)),
        "no reason": (number, Priced(values, refused, ())),
        "less than nothing": (number, Priced(minus, refused, reasons)),
        "no number": (number, Priced(nan, refused, reasons)),
        "a price where it is refused": (number, Priced(np.nan_to_num(values), refused, reasons)),
    }
    for name, (task, priced) in wrong.items():
        journal = forged(whole.job, task, priced, tmp_path / name)
        assert journal.finished == {}, name
        assert journal.remarks == ["is damaged in 1 of 2 lines (2): they are priced again"], name


@pytest.mark.parametrize(
    "text",
    ["[]", "7", '{"task": 0}', '{"task": 0, "shape": [-1, 1, 1], "values": "", "refused": "", "reasons": []}',
     '{"task": 1e999, "shape": [1], "values": "?", "refused": "", "reasons": [1]}', "[" * 100_000],
)  # fmt: skip
def test_lines_of_other_shapes_are_not_believed(text: str, whole: Exploration, tmp_path: Path) -> None:
    path = tmp_path / "j"
    Journal(str(path), whole.job).close()
    line = text.encode()
    check = _checksum(line, whole.job.fingerprint())
    path.write_bytes(path.read_bytes() + line + f" {check}\n".encode())
    journal = Journal(str(path), whole.job)
    journal.close()
    assert (journal.finished, len(journal.remarks)) == ({}, 1)


def test_a_journal_belongs_to_one_exploration(whole: Exploration, tmp_path: Path) -> None:
    path = str(tmp_path / "journal.jsonl")
    others = [
        exploration(tmp_path, "exact").job,
        exploration(tmp_path, text=PLAIN).job,
        Exploration(space_of(SPACE), [network_of_text(tmp_path, NET, "simdit")], "simdit").job,
    ]
    assert exploration(tmp_path).job.fingerprint() == whole.job.fingerprint()
    assert len({job.fingerprint() for job in [*others, whole.job]}) == 4
    Journal(path, whole.job).close()
    for job in others:
        with pytest.raises(SimdcError, match="was written by another exploration"):
            Journal(path, job)
    # Its lines do not count in another journal, either.
    number, priced = next(iter(whole.finished.items()))
    theirs = Journal(str(tmp_path / "theirs"), whole.job)
    theirs.append(number, priced)
    theirs.close()
    ours = tmp_path / "ours"
    Journal(str(ours), others[0]).close()
    ours.write_bytes(ours.read_bytes() + (tmp_path / "theirs").read_bytes().splitlines(keepends=True)[1])
    mixed = Journal(str(ours), others[0])
    mixed.close()
    assert (mixed.finished, len(mixed.remarks)) == ({}, 1)


HEAD = '{"journal": "simdc-explore-journal/'


@pytest.mark.parametrize(
    ("text", "says"),
    [
        *(
            (text, "is not a journal of simdc explore")
            for text in ("{7", "[]\n", "no journal\n", '{"a": 1}\n', "\x00\n")
        ),
        ('{"journal": "other"}\n', "is not a journal of simdc explore"),
        (HEAD + '1", "fingerprint": "f"}\n', "was written by an older simdc, whose lines have no checksum; name a new"),
        (HEAD + '2", "fingerprint": "f"} 0123456789abcdef\n', "is damaged in its first line; name a new file"),
        (HEAD + '2", \xe9\n', "is damaged in its first line"),
    ],
)
def test_what_is_no_journal_is_left_alone(text: str, says: str, whole: Exploration, tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(SimdcError, match=says) as caught:
        Journal(str(path), whole.job)
    assert caught.value.file == str(path)
    assert path.read_text(encoding="latin-1") == text


def test_what_cannot_hold_a_journal(whole: Exploration, tmp_path: Path) -> None:
    for path, says in (
        (str(tmp_path), "cannot be used: Is a directory"),
        (str(tmp_path / "none" / "j"), "cannot be used: No such file"),
        ("a\0b", "cannot be used: embedded null byte"),
        (os.devnull, "is not a regular file"),
    ):
        with pytest.raises(SimdcError, match=says):
            Journal(path, whole.job)


def test_a_journal_cut_off_in_its_first_line_begins_anew(whole: Exploration, tmp_path: Path) -> None:
    path = tmp_path / "j"
    Journal(str(path), whole.job).close()
    head = path.read_bytes()
    for length in (0, 1, 20, len(HEAD), len(head) - 1):
        path.write_bytes(head[:length])
        journal = Journal(str(path), whole.job)
        journal.close()
        assert path.read_bytes() == head
        said = "was cut off in its first line: the exploration begins anew"
        assert journal.remarks == ([said] if length else [])


def test_one_exploration_at_a_time(whole: Exploration, tmp_path: Path) -> None:
    pytest.importorskip("fcntl")
    first = Journal(str(tmp_path / "j"), whole.job)
    with pytest.raises(SimdcError, match="is in use by another exploration that is running"):
        Journal(str(tmp_path / "j"), whole.job)
    first.close()
    Journal(str(tmp_path / "j"), whole.job).close()


def test_a_full_disk_keeps_what_was_written(
    whole: Exploration, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, write = tmp_path / "j", os.write
    room = len(written(tmp_path / "all", whole)) // 2

    def fill(file: int, data: bytes) -> int:
        nonlocal room
        if not room:
            raise OSError(errno.ENOSPC, "No space left on device")
        done = write(file, data[:room])
        room -= done
        return done

    again = exploration(tmp_path)
    journal = Journal(str(path), again.job)
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", fill)
        with pytest.raises(SimdcError, match="cannot be written: No space left on device; what it holds is not lost"):
            again.run(journal=journal)
    journal.close()
    resumed = exploration(tmp_path)
    journal = Journal(str(path), resumed.job)
    assert 0 < len(journal.finished) < len(whole.finished)
    resumed.run(journal=journal)
    journal.close()
    assert everything(resumed) == everything(whole)


def test_the_command_says_what_it_could_not_use(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "space.json").write_text(json.dumps(SPACE))
    (tmp_path / "small.dsl").write_text(NET)
    path = tmp_path / "j"
    arguments = ["explore", str(tmp_path / "small.dsl"), "--space", str(tmp_path / "space.json"), "--resume", str(path)]
    assert main(arguments) == 0
    before = capsys.readouterr().out
    path.write_bytes(path.read_bytes().replace(b'"task": 1,', b'"task": 2,'))
    assert main(arguments) == 0
    said = capsys.readouterr()
    assert said.out == before
    assert said.err.startswith(f"{path}: is damaged in 1 of ")


def test_searched_explorations_are_kept_kernel_by_kernel(tmp_path: Path) -> None:
    space = space_of({"schema": "simdc-space/1", "base": "HI1", "fields": {WEIGHTS: ["2 KiB", "8 KiB", "1 B"]}})
    layers = "conv(16, 3) -> relu -> conv(8, 1) -> conv(8, 1) -> flatten -> fc(5)"
    text = f"network tiny(x: 8x6x6) {{\n  return x -> {layers}\n}}\n"

    def searched() -> Exploration:
        return Exploration(space, [network_of_text(tmp_path, text, "exact")], "exact", "search")

    whole = searched()
    whole.run()
    # The 3x3 convolution, that from 16 channels, that from 8, the linear layer, and relu.
    assert [task.layer for task in whole.job.tasks] == [0, 0, 1, 2, 3]
    for count in range(1, 5):
        path = str(tmp_path / f"j{count}")
        part, rest = searched(), searched()
        journal = Journal(path, part.job)
        with pytest.raises(KeyboardInterrupt):
            part.run(journal=journal, after=stop_after(count))
        journal.close()
        assert part.survey().missing > 0
        journal = Journal(path, rest.job)
        assert len(journal.finished) == count
        rest.run(journal=journal)
        journal.close()
        assert everything(rest) == everything(whole)
    # All kernels of a point add up, and the schedules are at least as good as the greedy ones.
    greedy = Exploration(space, [network_of_text(tmp_path, text, "exact")])
    greedy.run()
    ours, theirs = whole.survey(), greedy.survey()
    assert ours.numbers.tolist() == theirs.numbers.tolist() == [0, 1]
    assert (ours.values["cycles"] <= theirs.values["cycles"]).all()
    assert (ours.values["cycles"] >= 0.5 * theirs.values["cycles"]).all()
    assert ours.infeasible == theirs.infeasible
    assert sum(ours.infeasible.values()) == 1
