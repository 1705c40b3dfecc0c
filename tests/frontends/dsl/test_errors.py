"""Every mistake gets one message, at the place that « marks in the text."""

from __future__ import annotations

import pytest

from simdc.errors import SimdcError
from simdc.frontends.dsl import parse_dsl

HEAD = "network n(x: 3x8x8) {\n"
BODY = [
    # syntax
    ("x = conv(x, 4, 3«", "the file ends here, expected"),
    ("x = (x« }", None),
    ("return x«", "expected a statement, '(', ',', '}' or an operator; close the '{' that is open"),
    ("if «= 3 { } return x }", "found '=', expected a value"),
    ("x «-> relu return x }", "found '->', expected '='; a statement gives a value a name"),
    ("«relu(x) return x }", None),
    ("if x «= 3 { } return x }", "to compare, write '=='"),
    ("«if = 3 return x }", None),
    ("repeat 3 as «if { } return x }", "found the reserved word 'if', expected a name; choose another name"),
    ("x = conv(x, 4 «3) return x }", "found '3', expected ')', ',' or an operator"),
    ("x = «; return x }", "the character ';'; statements need nothing between them"),
    ("x = conv(x, 4, 3, name=«'a') return x }", "strings stand in double quotes"),
    ('x = conv(x, 4, 3, name=«"a) return x }', "the string does not end on its line"),
    ("x = x «& x return x }", "write 'and'"),
    ("x = «\0 return x }", "the character '\\x00'"),
    ("x = «3x return x }", "'3x' is not a number"),
    ("x = «3x4 return x }", "'3x4' is not a number"),
    ("x = «1e999 return x }", "'1e999' is not a number"),
    ("x = «1234567890123456789 return x }", "at most 18 digits, this one has 19"),
    ("a = 3 «->* 2 return x }", None),
    ("a = «* 2 return x }", "'*' needs a value on its left"),
    ("a = 1 «not 2 return x }", "'not' cannot stand between two values"),
    ("a = true and 1 < 2 «not 3 return x }", "'not' cannot stand between two values"),
    ("a = 2 «* not true return x }", "'*' needs a number, got false"),
    ("a = 1 + «-> relu return x }", "'->' needs a value on its left"),
    ("a = 1 < 2 «< 3 return x }", "comparisons cannot be chained"),
    ("a = x «-> 3 return x }", "'->' must lead to one layer or block"),
    ('a = «"{i+1}" return x }', "braces in a string hold one name"),
    ('a = «"' + "b" * 201 + '" return x }', "a string may have at most 200 characters"),
    ("repeat 3 { «return x } return x }", "return stands only at the end"),
    ("if true { } else { «return x } return x }", "return stands only at the end"),
    ("«return x y = x }", "nothing runs after return"),
    # names
    ("return «y }", "'y' has no value here; there is x"),
    ("shortcut = x return «shortcu }", "'shortcu' has no value here; did you mean 'shortcut'?"),
    ("y = «z z = x return y }", "'z' has no value here"),
    ("return «relu }", "'relu' is a layer, it needs an input here; write 'relu(x)' or 'x -> relu'"),
    ("a = «channels return x }", "'channels' is not a value; call it"),
    ("return x -> «cnv(4, 3) }", "there is no layer or block 'cnv'; did you mean 'conv'? The layers are abs, add,"),
    ("return «x(3) }", "there is no layer or block 'x'"),
    ('x = relu(x, name="a") return relu(x, «name="a") }', "the name 'a' is already given in line 2, column 13"),
    ('x = relu(x) return relu(x, «name="relu1") }', "the name 'relu1' is already given in line 2, column 5"),
    ('return relu(x, «name="x") }', "the name 'x' is already given in line 1, column 11"),
    ('return relu(x, «name="a b") }', '"a b" cannot be a name'),
    ('return relu(x, «name="") }', '"" cannot be a name'),
    ("return relu(x, «name=3) }", "name needs a string, got the number 3"),
    ('return relu(x, name="a", «name="b") }', "name is given twice"),
    # arguments
    ("return conv(x, 4, 3, «strid=2) }", "conv has no option 'strid'; did you mean 'stride'?"),
    ("return conv(x, 4, 3, «zzz=2) }", "conv has no option 'zzz'; conv takes a tensor, channels, kernel, stride"),
    ("return relu(x, «3) }", "relu got too many arguments, here the number 3; relu takes a tensor"),
    ("return relu(x, «x) }", "relu got too many arguments, here a tensor"),
    ("return «conv(x, 4) }", "conv needs kernel too"),
    ("return «conv(x) }", "conv needs channels and kernel too"),
    ("return conv(«4, 3) }", "conv needs a tensor first, got the number 4 for number 1; write 'x -> conv'"),
    ("return x -> conv(«x, 3) }", "channels of conv is a number or a list, got a tensor"),
    ("return «relu() }", "relu needs a tensor to work on, got 0; write 'x -> relu'"),
    ("return «add(x) }", "add needs 2 tensors to work on, got 1; write 'add(x, y)'"),
    ("return conv(x, 4, 3, «channels=4) }", "conv gets channels twice"),
    ("return conv(x, 4, kernel=3, «2) }", "follows 'kernel='; move it before the keywords"),
    ("return conv(x, «0, 3) }", "conv: channels must be a positive whole number, got 0"),
    ("return conv(x, 4, 3, stride=2, «groups=1.5) }", "groups must be a positive whole number, got 1.5"),
    ("return «add(x, conv(x, 4, 1)) }", "add: "),
    ("return dropout(x, «true) }", "rate must be a number, got true"),
    ("return «dropout(x, 2) }", "rate must be at least 0 and below 1, got 2"),
    ("return «dropout(x, rate=1) }", "rate must be at least 0 and below 1, got 1"),
    ("return «dropout(x, -1) }", "rate must be at least 0 and below 1, got -1"),
    # expressions
    ("a = x «+ 1 return x }", "'+' needs a number, got a tensor"),
    ("a = true «* 1 return x }", "'*' needs a number, got true"),
    ("a = «-x return x }", "'-' needs a number, got a tensor"),
    ('a = 1 «< "b" return x }', "'<' needs a number, got the string \"b\""),
    ("a = 7 «/ 2 return x }", "7 / 2 is not a whole number; write '//' to round down"),
    ("a = 7 «// 0 return x }", "7 // 0 divides by zero"),
    ("a = 7.5 «// 2 return x }", "'//' needs whole numbers, got 7.5 and 2"),
    ("a = 999999999999999999 «* 9 return x }", "more than 18 digits"),
    ("a = x «== x return x }", "'==' cannot compare tensors"),
    ('a = 1 «== "1" return x }', "'==' compares values of one kind"),
    ("if «1 { } return x }", "a condition needs true or false, got the number 1; compare it, as in 'stride != 1'"),
    ("a = true «and 1 return x }", "'and' needs true or false, got the number 1"),
    ("a = «not 1 return x }", "'not' needs true or false"),
    ("a = [1, «x] return x }", "a list needs a number, got a tensor"),
    ('a = "{«x}" return x }', "a string can hold whole numbers and strings, 'x' is a tensor"),
    ("a = «channels(3) return x }", "channels needs a tensor, got the number 3"),
    ("a = «channels(x, x) return x }", "channels takes one tensor, got 2 arguments"),
    (
        "a = «height(flatten(x)) return x }",
        "height needs a tensor with a height dimension, this one has shape [1, 192]",
    ),
    ("a = «min(3) return x }", "min takes two or more numbers, got 1"),
    ("a = max(3, «b=4) return x }", "max takes no keywords"),
    ("repeat «-1 { } return x }", None),
    ("repeat 0 - 1 { } return x }", "repeat needs a whole number that is not negative, got the number -1"),
    ("repeat «1.5 { } return x }", "repeat needs a whole number that is not negative, got the number 1.5"),
    ("repeat «x { } return x }", "repeat needs a whole number that is not negative, got a tensor"),
    ("repeat «true { } return x }", "got true"),
    ("return «3 }", "a network returns tensors, got the number 3"),
]


@pytest.mark.parametrize(("marked", "message"), [(HEAD + body, message) for body, message in BODY])
def test_mistake_in_a_network(marked: str, message: str | None) -> None:
    _check(marked, message)


WHOLE = [
    ("«", "there is no network; add 'network name(x: 3x224x224) { ... return x }'"),
    ("«block b(x) { return x }", "there is no network"),
    ("«netwrk n(x: 3) { return x }", "found 'netwrk', expected 'block', 'network' or the end of the file"),
    ("network n(x: 3) { return x } network «m(x: 3) { return x }", "'n' stands in line 1; move this one to a file"),
    ("network «n(x: 3) { y = x }", "network 'n' returns nothing; end it with 'return'"),
    ("network n(x: 3) { return x } block «b(x) { }", "block 'b' returns nothing"),
    ("network n(x: 3, «x: 3) { return x }", "two inputs are called 'x'"),
    ("network n(x: «3.5) { return x }", "'3.5' is not a shape; write"),
    ("network n(x: «3x) { return x }", "'3x' is not a shape"),
    ("network n(x: 3 «x 4) { return x }", "found 'x', expected ')' or ','"),
    ("network n(«x: 0x4x4) { return x }", "input 'x' must have positive sizes"),
    ("network n(«x: 999999999x999999999x9) { return x }", "input 'x' must have positive sizes"),
    (
        "network n(x: 3) { return x } block b(x) { return x } block «b(x) { return x }",
        "'b' is already defined in line 1",
    ),
    ("network n(x: 3) { return x } block «relu(x) { return x }", "'relu' is a layer already"),
    ("network n(x: 3) { return x } block «max(x) { return x }", "'max' is a function already"),
    ("network n(x: 3) { return x } block b(x, «x) { return x }", "two parameters are called 'x'"),
    ("network n(x: 3) { return x } block b(x, «name) { return x }", "'name' cannot be a parameter"),
    ("network n(x: 3) { return x } block b(«x + 1) { return x }", None),
    ("network n(x: 3) { return «b } block b(x) { return x }", "'b' is not a value; call it"),
    ("network n(x: 3) { return «b(x) } block b(x, c) { return x }", "block b needs c too; it takes x and c"),
    ("network n(x: 3) { return b(x, «3) } block b(x) { return x }", "b got too many arguments"),
    ("network n(x: 3) { return b(x, «d=3) } block b(x) { return x }", "b has no option 'd'; block b takes x"),
    ("network n(x: 3) { return b(x) } block b(x) { return x, «x }", "block 'b' returns 2 values; a block returns one"),
    ("network n(x: 3) { y = x return b(x) } block b(x) { return «y }", "'y' has no value here; there is x"),
    ("network n(x: 3) { return a(x) } block a(x) { return «a(x) }", "block 'a' calls itself: a -> a; unfold it"),
    (
        "network n(x: 3) { return a(x) } block a(x) { return b(x) } block b(x) { return x -> «a }",
        "block 'a' calls itself: a -> b -> a",
    ),
    (
        'network n(x: 3) { x = b(x, name="s") return b(x, «name="s") } block b(x) { return relu(x) }',
        "the name 's' is already given in line 1, column 28",
    ),
]


@pytest.mark.parametrize(("marked", "message"), WHOLE)
def test_mistake_in_a_file(marked: str, message: str | None) -> None:
    _check(marked, message)


def _check(marked: str, message: str | None) -> None:
    """`message` None: any error will do, at any place."""
    text = marked.replace("«", "")
    with pytest.raises(SimdcError) as caught:
        parse_dsl(text, "n.dsl", 1)
    error = caught.value
    assert error.file == "n.dsl"
    assert error.line is not None
    assert error.column is not None
    assert error.source_line == text.split("\n")[error.line - 1]
    if message is not None:
        assert message in error.message
        if "«" in marked:
            before = marked[: marked.index("«")]
            assert (error.line, error.column) == (before.count("\n") + 1, len(before) - before.rfind("\n"))


def test_whole_message_with_excerpt() -> None:
    with pytest.raises(SimdcError) as caught:
        parse_dsl("network n(x: 3x8x8) {\n  x = conv(x, 4, 3, strid=2)\n  return x\n}\n", "net.dsl", 1)
    assert str(caught.value) == (
        "net.dsl:2:21: error: conv has no option 'strid'; did you mean 'stride'?\n"
        "    x = conv(x, 4, 3, strid=2)\n"
        "                      ^"
    )


def test_carriage_returns_and_byte_order_mark_are_ignored() -> None:
    with pytest.raises(SimdcError) as caught:
        parse_dsl("\ufeffnetwork n(x: 3) {\r\n  return y\r\n}\r\n", "net.dsl", 1)
    assert (caught.value.line, caught.value.column, caught.value.source_line) == (2, 10, "  return y")
