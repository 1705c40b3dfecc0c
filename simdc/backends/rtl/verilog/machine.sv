// The systolic half of the machine: ports, double buffers, array, and the sequencer. A segment computes one tile, loads what
// the next one needs and stores what the one before left; it ends with the slowest of the array and the three ports, and
// the next one begins in the cycle after.
//
// Descriptors come from outside, one for each tile, in order. `config` stays for a schedule. Both are lists of 32-bit words
// (see descriptor.py).
module machine #(
    parameter int ROWS = 6,
    parameter int COLUMNS = 6,
    parameter int PORT = 512,
    parameter int LOOPS = 12,
    parameter int WEIGHT_WORD = 1024,
    parameter int WEIGHT_WORDS = 1024,
    parameter int IFMAP_WORD = 512,
    parameter int IFMAP_WORDS = 2048,
    parameter int BIAS_WORD = 512,
    parameter int BIAS_WORDS = 512,
    parameter int PSUM_WORD = 2048,
    parameter int PSUM_WORDS = 512,
    localparam int GUARDS = 4,
    localparam int SUMS = 6 + GUARDS,
    localparam int CONFIG = 16,
    localparam int FIELDS = 20 + SUMS + GUARDS + LOOPS + SUMS * LOOPS,
    localparam int COUNTS = 17
) (
    input logic clk,
    input logic start,  // `fetched` has the first descriptor
    input logic [CONFIG-1:0][31:0] settings,
    output logic [31:0] fetch,
    input logic fetched_valid,
    input logic [FIELDS-1:0][31:0] fetched,
    output logic [31:0] weight_address,
    input logic [PORT-1:0] weight_data,
    output logic [31:0] ifmap_address,
    input logic [PORT-1:0] ifmap_data,
    output logic [31:0] psum_address,
    input logic [PORT-1:0] psum_data,
    output logic store,
    output logic [PORT-1:0] store_data,
    output logic running,
    output logic [COUNTS-1:0][31:0] counts
);
  // ---- fields of `settings`
  logic [31:0] rows, columns, weight_bits, ifmap_bits, bias_bits, psum_bits;
  logic [31:0] weight_rate, ifmap_rate, psum_rate;
  logic has_bias;
  logic [LOOPS-1:0] summed, inside_fold;
  assign rows = settings[0];
  assign columns = settings[1];
  assign weight_bits = settings[2];
  assign ifmap_bits = settings[3];
  assign bias_bits = settings[4];
  assign psum_bits = settings[5];
  assign weight_rate = settings[6];
  assign ifmap_rate = settings[7];
  assign psum_rate = settings[8];
  assign has_bias = settings[9][0];
  assign summed = settings[10][LOOPS-1:0];
  assign inside_fold = settings[11][LOOPS-1:0];
  logic [31:0] weight_load, overhead;
  assign weight_load = settings[12];
  assign overhead = settings[13];

  // ---- fields of a descriptor
  localparam int W_BITS = 0, W_BEAT = 1, B_BITS = 2, B_BEAT = 3, I_BITS = 4, I_BEAT = 5, P_BITS = 6, P_BEAT = 7;
  localparam int S_BITS = 8, S_BEAT = 9, S_WIDTH = 10, S_WHOLE = 11, S_REST = 12, HALVES = 13, BEGINS = 14;
  localparam int SUM0 = 20, LIMIT0 = SUM0 + SUMS, BOUND0 = LIMIT0 + GUARDS, MOVE0 = BOUND0 + LOOPS;
  localparam int I_AT = 0, O_AT = 1, B_AT = 2, ROWS_LEFT = 3, COLUMNS_LEFT = 4, REAL_COLUMNS = 5, GUARD0 = 6;
  // halves: weight, ifmap, psum, bias
  logic [FIELDS-1:0][31:0] next, here, past;
  logic next_valid, here_valid, past_valid;

  // ---- sequencer
  logic segment_ends, array_finishes, weight_finishes, ifmap_finishes, psum_finishes, restart;
  assign running = next_valid || here_valid || past_valid;
  assign segment_ends = running && array_finishes && weight_finishes && ifmap_finishes && psum_finishes;
  assign restart = start || segment_ends;
  always_ff @(posedge clk)
    if (start) begin
      next <= fetched;
      {next_valid, here_valid, past_valid} <= 3'b100;
      fetch <= 1;
    end else if (segment_ends) begin
      next <= fetched;
      here <= next;
      past <= here;
      next_valid <= fetched_valid && next_valid;
      here_valid <= next_valid;
      past_valid <= here_valid;
      fetch <= fetch + 1;
    end

  // ---- ports
  logic weight_busy, ifmap_busy, psum_busy, is_bias, unused_second, is_load;
  logic [31:0] weight_done, ifmap_done, psum_done, weight_moved, ifmap_moved, psum_moved;
  logic [31:0] weight_beat, ifmap_beat, psum_beat;
  port weight_port (
      .clk, .restart, .running, .width(weight_rate),
      .bits0(next_valid ? next[W_BITS] : 0), .bits1(next_valid ? next[B_BITS] : 0),
      .busy(weight_busy), .second(is_bias), .done_bits(weight_done), .beat_bits(weight_moved), .beat(weight_beat),
      .finishes(weight_finishes)
  );
  port ifmap_port (
      .clk, .restart, .running, .width(ifmap_rate),
      .bits0(next_valid ? next[I_BITS] : 0), .bits1(0),
      .busy(ifmap_busy), .second(unused_second), .done_bits(ifmap_done), .beat_bits(ifmap_moved), .beat(ifmap_beat),
      .finishes(ifmap_finishes)
  );
  // The store comes first: it makes room in the half that the load fills.
  port psum_port (
      .clk, .restart, .running, .width(psum_rate),
      .bits0(past_valid ? past[S_BITS] : 0), .bits1(next_valid ? next[P_BITS] : 0),
      .busy(psum_busy), .second(is_load), .done_bits(psum_done), .beat_bits(psum_moved), .beat(psum_beat),
      .finishes(psum_finishes)
  );
  assign weight_address = (is_bias ? next[B_BEAT] : next[W_BEAT]) + weight_beat;
  assign ifmap_address = next[I_BEAT] + ifmap_beat;
  assign psum_address = (is_load ? next[P_BEAT] : past[S_BEAT]) + psum_beat;
  assign store = psum_busy && !is_load;

  // Which sum leaves next, and how many of its bits have left: 24 bits a cycle of results of 16 are 1 and 8 more a beat.
  logic [31:0] store_bit, store_shift, wrapped_shift;
  assign wrapped_shift = store_shift + past[S_REST];
  always_ff @(posedge clk)
    if (restart) begin
      store_bit <= 0;
      store_shift <= 0;
    end else if (store) begin
      if (wrapped_shift >= past[S_WIDTH]) begin
        store_shift <= wrapped_shift - past[S_WIDTH];
        store_bit <= store_bit + past[S_WHOLE] + psum_bits;
      end else begin
        store_shift <= wrapped_shift;
        store_bit <= store_bit + past[S_WHOLE];
      end
    end

  // ---- steps
  logic issue, issuing, step_first, step_last, fold_begins, fold_ends, weights_there;
  logic [LOOPS-1:0] at_begin, at_end;
  logic [SUMS-1:0][31:0] at, following;
  loops #(.LOOPS(LOOPS), .SUMS(SUMS)) walk (
      .clk, .start(segment_ends), .step(issue),
      .bounds(here[BOUND0+:LOOPS]), .initial_sums(next[SUM0+:SUMS]), .moves(here[MOVE0+:SUMS*LOOPS]),
      .at_begin, .at_end, .sums(at), .following
  );
  assign issue = here_valid && issuing && weights_there;
  assign step_last = issue && &at_end;
  assign fold_begins = &(at_begin | ~inside_fold);
  assign fold_ends = &(at_end | ~inside_fold);
  assign step_first = here[BEGINS][0] && &(at_begin | ~summed);
  always_ff @(posedge clk)
    if (restart) issuing <= 1;
    else if (step_last) issuing <= 0;

  // ---- what a step reads
  logic in_image;
  always_comb begin
    in_image = 1;
    for (int g = 0; g < GUARDS; g++) if (at[GUARD0+g] >= here[LIMIT0+g]) in_image = 0;
  end
  logic [31:0] stored_rows, real_columns;
  assign stored_rows = at[ROWS_LEFT] < rows ? at[ROWS_LEFT] : rows;
  assign real_columns = signed'(at[REAL_COLUMNS]) <= 0 ? 0 : at[REAL_COLUMNS] < columns ? at[REAL_COLUMNS] : columns;
  logic [ROWS-1:0][31:0] values, line_values;
  logic [ROWS*COLUMNS-1:0][31:0] weights;
  logic [31:0] weights_read;
  fold_weights #(
      .ROWS(ROWS), .COLUMNS(COLUMNS), .LOOPS(LOOPS), .PORT(PORT), .WORD(WEIGHT_WORD), .WORDS(WEIGHT_WORDS)
  ) fold_weights (
      .clk, .restart, .weight_load, .rows, .columns, .weight_bits,
      .segment_ends, .here_valid, .bounds(here[BOUND0+:LOOPS]), .inside_fold,
      .initial_left({next[SUM0+COLUMNS_LEFT], next[SUM0+ROWS_LEFT]}),
      .moves({here[MOVE0+COLUMNS_LEFT*LOOPS+:LOOPS], here[MOVE0+ROWS_LEFT*LOOPS+:LOOPS]}),
      .issue, .fold_begins, .fold_ends, .first_fold(&(at_begin | inside_fold)), .last_fold(&(at_end | inside_fold)),
      .there(weights_there), .weights, .weights_read,
      .use_half(here[HALVES][0]), .load_half(next[HALVES][0]), .load(weight_busy && !is_bias),
      .load_bit(weight_done), .load_bits(weight_moved), .load_data(weight_data)
  );

  logic [IFMAP_WORD-1:0] ifmap_line;
  logic [BIAS_WORD-1:0] bias_line;
  logic bias_read;
  logic [31:0] bias_at;
  double_buffer #(.WORD(IFMAP_WORD), .WORDS(IFMAP_WORDS)) ifmap_buffer (
      .clk, .use_half(here[HALVES][1]), .read(issue), .read_bit(at[I_AT]), .read_data(ifmap_line),
      .load_half(next[HALVES][1]), .write(ifmap_busy), .write_bit(ifmap_done), .write_bits(ifmap_moved),
      .write_data(IFMAP_WORD'(ifmap_data))
  );
  double_buffer #(.WORD(BIAS_WORD), .WORDS(BIAS_WORDS)) bias_buffer (
      .clk, .use_half(here[HALVES][3]), .read(bias_read), .read_bit(bias_at), .read_data(bias_line),
      .load_half(next[HALVES][3]), .write(weight_busy && is_bias), .write_bit(weight_done), .write_bits(weight_moved),
      .write_data(BIAS_WORD'(weight_data))
  );

  elements #(.COUNT(ROWS)) ifmap_elements (
      .line(ifmap_line[32*ROWS-1:0]), .width(ifmap_bits), .numbers(line_values)
  );
  always_comb
    for (int j = 0; j < ROWS; j++) values[j] = issue && in_image && j < stored_rows ? line_values[j] : '0;

  // ---- the array, and what travels beside it until the sums come out
  typedef struct packed {
    logic valid, first, last;
    logic [31:0] sums_at, bias_at, count;
  } companion_t;
  localparam int FILL = ROWS + COLUMNS - 2;
  companion_t entering, leaving;
  logic [FILL:1][3*32+2:0] travelling;
  logic [COLUMNS-1:0][31:0] products, old_sums, biases, new_sums;
  always_comb begin
    entering.valid = issue;
    entering.first = step_first;
    entering.last = step_last;
    entering.sums_at = at[O_AT];
    entering.bias_at = at[B_AT];
    entering.count = real_columns;
  end
  always_ff @(posedge clk)
    if (start) travelling <= '0;
    else begin
      travelling[1] <= entering;
      for (int d = 2; d <= FILL; d++) travelling[d] <= travelling[d-1];
    end
  always_comb begin
    leaving = entering;
    for (int d = 1; d <= FILL; d++) if (rows + columns - 2 == d) leaving = travelling[d];
  end
  array #(.ROWS(ROWS), .COLUMNS(COLUMNS)) pes (
      .clk, .used_rows(rows), .used_columns(columns), .values, .weights, .sums(products)
  );

  // ---- accumulators
  logic adds, array_done;
  assign bias_read = leaving.valid && leaving.first && has_bias;
  assign bias_at = leaving.bias_at;
  assign adds = leaving.valid && !leaving.first;
  elements #(.COUNT(COLUMNS)) bias_elements (
      .line(bias_line[32*COLUMNS-1:0]), .width(bias_bits), .numbers(biases)
  );
  always_comb
    for (int k = 0; k < COLUMNS; k++)
      new_sums[k] = products[k] + (adds ? old_sums[k] : bias_read ? biases[k] : 0);
  results #(.COLUMNS(COLUMNS), .PORT(PORT), .WORD(PSUM_WORD), .WORDS(PSUM_WORDS)) psum_buffer (
      .clk, .psum_bits,
      .use_half(here[HALVES][2]), .read(adds), .write(leaving.valid), .sums_bit(leaving.sums_at),
      .sums_count(leaving.count), .old_sums, .new_sums,
      .load_half(next[HALVES][2]), .load(psum_busy && is_load), .load_bit(psum_done), .load_bits(psum_moved),
      .load_data(psum_data),
      .store_half(past[HALVES][2]), .store, .store_bit, .store_shift, .store_width(past[S_WIDTH]), .store_data
  );
  // After its last sums a tile takes as many cycles more as settings say.
  logic last_leaves, counts_overhead;
  logic [31:0] over;
  assign last_leaves = leaving.valid && leaving.last;
  assign array_finishes = !here_valid || array_done ||
      (overhead == 0 ? last_leaves : counts_overhead && over + 1 == overhead);
  always_ff @(posedge clk)
    if (restart) begin
      array_done <= 0;
      counts_overhead <= 0;
      over <= 0;
    end else begin
      if (here_valid && array_finishes) array_done <= 1;
      if (last_leaves) counts_overhead <= 1;
      if (counts_overhead) over <= over + 1;
    end

  // ---- what is counted
  logic computing;
  assign computing = here_valid && !array_done;
  always_ff @(posedge clk)
    if (start) counts <= '0;
    else begin
      counts[0] <= counts[0] + 32'(running);
      counts[1] <= counts[1] + 32'(computing);
      counts[2] <= counts[2] + 32'(weight_busy);
      counts[3] <= counts[3] + 32'(ifmap_busy);
      counts[4] <= counts[4] + 32'(psum_busy);
      counts[5] <= counts[5] + (weight_busy && !is_bias ? weight_moved : 0);
      counts[6] <= counts[6] + (ifmap_busy ? ifmap_moved : 0);
      counts[7] <= counts[7] + (psum_busy && (is_load || past[BEGINS][1]) ? psum_moved : 0);
      counts[8] <= counts[8] + (store && !past[BEGINS][1] ? psum_moved : 0);
      counts[9] <= counts[9] + (weight_busy && is_bias ? weight_moved : 0);
      counts[10] <= counts[10] + weights_read * weight_bits;
      counts[11] <= counts[11] + (issue ? rows * ifmap_bits : 0);
      counts[12] <= counts[12] + ((leaving.valid ? columns : 0) + (adds ? columns : 0)) * psum_bits;
      counts[13] <= counts[13] + (bias_read ? columns * bias_bits : 0);
      counts[14] <= counts[14] + 32'(issue);
    end
endmodule
