// Plays schedules on the machine. Standard input has them one after the other, each a list of 32-bit words; standard output
// gets what the machine counted and what it left in memory.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "Vmachine.h"
#include "verilated.h"

using Words = std::vector<uint32_t>;

static bool read_words(Words &words, size_t count) {
    words.resize(count);
    return count == 0 || fread(words.data(), 4, count, stdin) == count;
}

// Memory behind a port: beats of as many words as the port is wide.
struct Memory {
    Words words;
    size_t beat_words = 1;

    bool read(uint32_t rate, uint32_t beats) {
        beat_words = (rate + 31) / 32;
        return read_words(words, beat_words * beats);
    }
    template <class Data> void get(uint32_t beat, Data &data) const {
        for (size_t i = 0; i < beat_words; i++) {
            size_t at = beat * beat_words + i;
            data[i] = at < words.size() ? words[at] : 0;
        }
    }
    template <class Data> void put(uint32_t beat, const Data &data) {
        for (size_t i = 0; i < beat_words; i++) {
            size_t at = beat * beat_words + i;
            if (at < words.size()) words[at] = data[i];
        }
    }
};

int main(int argc, char **argv) {
    Verilated::commandArgs(argc, argv);
    Vmachine machine;
    constexpr size_t config = sizeof(machine.settings) / 4, fields = sizeof(machine.fetched) / 4;
    Words header, settings, descriptors, counts(sizeof(machine.counts) / 4 + 1);
    while (read_words(header, 5)) {
        const uint32_t tiles = header[0], most_cycles = header[4];
        Memory weights, ifmap, psums;
        if (!read_words(settings, config) || !read_words(descriptors, fields * tiles)) return 2;
        if (!weights.read(settings[6], header[1]) || !ifmap.read(settings[7], header[2])) return 2;
        if (!psums.read(settings[8], header[3])) return 2;
        for (size_t i = 0; i < config; i++) machine.settings[i] = settings[i];
        auto serve = [&] {
            machine.fetched_valid = machine.fetch < tiles;
            if (machine.fetch < tiles)
                for (size_t i = 0; i < fields; i++) machine.fetched[i] = descriptors[machine.fetch * fields + i];
        };
        auto tick = [&] {
            machine.clk = 0;
            machine.eval();
            weights.get(machine.weight_address, machine.weight_data);
            ifmap.get(machine.ifmap_address, machine.ifmap_data);
            psums.get(machine.psum_address, machine.psum_data);
            if (machine.store) psums.put(machine.psum_address, machine.store_data);
            machine.clk = 1;
            machine.eval();
        };
        for (size_t i = 0; i < fields; i++) machine.fetched[i] = descriptors[i];
        machine.fetched_valid = 1;
        machine.start = 1;
        tick();
        machine.start = 0;
        uint32_t cycles = 0, last = machine.fetch;
        serve();
        while (machine.running && cycles++ < most_cycles) {
            tick();
            if (machine.fetch != last) {
                last = machine.fetch;
                serve();
            }
        }
        for (size_t i = 0; i + 1 < counts.size(); i++) counts[i] = machine.counts[i];
        counts.back() = machine.running;
        fwrite(counts.data(), 4, counts.size(), stdout);
        fwrite(psums.words.data(), 4, psums.words.size(), stdout);
    }
    return 0;
}
