// Plays vector programs on the lanes. Standard input has them one after the other, each a list of 32-bit words; standard
// output gets what the machine counted and what it left in memory. Elements are of double precision.
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <vector>

#include "Vlanes.h"
#include "verilated.h"

using Words = std::vector<uint32_t>;

static bool read_words(Words &words, size_t count) {
    words.resize(count);
    return count == 0 || fread(words.data(), 4, count, stdin) == count;
}

// An element of a transfer: its place in DRAM (~0: padding), its row and its lane (~0: all).
struct Element {
    uint32_t place, row, lane;
};

int main(int argc, char **argv) {
    Verilated::commandArgs(argc, argv);
    Vlanes machine;
    constexpr size_t config = sizeof(machine.settings) / 4, fields = sizeof(machine.fetched) / 4;
    constexpr size_t most = sizeof(machine.moved_row) / 4;
    Words header, settings, code, immediates, commands, starts, elements, fills, memory;
    Words counts(sizeof(machine.counts) / 4 + 1);
    while (read_words(header, 8)) {
        const uint32_t many = header[0], most_cycles = header[6];
        if (!read_words(settings, config) || !read_words(code, 12 * header[1])) return 2;
        if (!read_words(immediates, 2 * header[2]) || !read_words(commands, fields * many)) return 2;
        if (!read_words(starts, many) || !read_words(elements, 3 * header[3])) return 2;
        if (!read_words(fills, 5 * header[4]) || !read_words(memory, 2 * header[5])) return 2;
        const Element *all = reinterpret_cast<const Element *>(elements.data());
        auto tick = [&] {
            machine.clk = 0;
            machine.eval();
            machine.clk = 1;
            machine.eval();
        };
        for (size_t i = 0; i < config; i++) machine.settings[i] = settings[i];
        machine.start = 0;
        for (uint32_t at = 0; at < header[1] || at < header[2]; at++) {
            machine.load_at = at;
            machine.load_code = at < header[1];
            for (int i = 0; i < 12; i++) machine.load_word[i] = at < header[1] ? code[12 * at + i] : 0;
            tick();
            machine.load_code = 0;
            machine.load_immediate = at < header[2];
            for (int i = 0; i < 2; i++) machine.load_word[i] = at < header[2] ? immediates[2 * at + i] : 0;
            tick();
            machine.load_immediate = 0;
        }
        auto serve = [&](uint32_t fetch) {
            machine.fetched_valid = fetch < many;
            if (fetch < many)
                for (size_t i = 0; i < fields; i++) machine.fetched[i] = commands[fetch * fields + i];
        };
        // What a result holds before a nest writes it: words are command, first element, elements, value.
        auto fill = [&](uint32_t command) {
            for (size_t i = 0; i + 5 <= fills.size(); i += 5)
                if (fills[i] == command)
                    for (uint32_t e = fills[i + 1]; e < fills[i + 1] + fills[i + 2]; e++) {
                        memory[2 * e] = fills[i + 3];
                        memory[2 * e + 1] = fills[i + 4];
                    }
        };
        serve(0);
        machine.start = 1;
        tick();
        machine.start = 0;
        fill(0);
        uint32_t cycles = 0, fetch = machine.fetch;
        serve(fetch);
        while (machine.running && cycles++ < most_cycles) {
            const uint32_t command = fetch - 1;
            const Element *here = all + starts[command] + machine.first;
            const uint32_t moved = machine.moved < most ? machine.moved : most;
            for (uint32_t e = 0; e < moved; e++) {
                machine.moved_row[e] = here[e].row;
                machine.moved_lane[e] = here[e].lane;
                const bool real = here[e].place != ~0u;
                machine.brought[2 * e] = real ? memory[2 * here[e].place] : 0;
                machine.brought[2 * e + 1] = real ? memory[2 * here[e].place + 1] : 0;
            }
            if (machine.takes) {
                machine.clk = 0;
                machine.eval();
                for (uint32_t e = 0; e < moved; e++)
                    if (here[e].place != ~0u) {
                        memory[2 * here[e].place] = machine.taken[2 * e];
                        memory[2 * here[e].place + 1] = machine.taken[2 * e + 1];
                    }
            }
            tick();
            if (machine.fetch != fetch) {
                fetch = machine.fetch;
                fill(fetch - 1);
                serve(fetch);
            }
        }
        for (size_t i = 0; i + 1 < counts.size(); i++) counts[i] = machine.counts[i];
        counts.back() = machine.running;
        fwrite(counts.data(), 4, counts.size(), stdout);
        fwrite(memory.data(), 4, memory.size(), stdout);
    }
    return 0;
}
