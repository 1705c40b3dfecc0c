// The weight buffer, and how the weights of a fold get into the PEs. A tile's weights lie fold by fold, of each as many rows
// and columns as there are.
//
// resident: each PE has all of a tile's at hand; here a step reads those of its fold, all at once.
// hidden:   they shift in from above, a row a cycle, into a second register of each PE, from the first step of the fold before
//           on. Those of a tile's first fold were caught as they came through the port.
// exposed:  they shift in after the last step of the fold before, or as the tile begins.
module fold_weights #(
    parameter int ROWS = 6,
    parameter int COLUMNS = 6,
    parameter int LOOPS = 12,
    parameter int PORT = 512,
    parameter int WORD = 1024,
    parameter int WORDS = 1024
) (
    input logic clk,
    input logic restart,
    input logic [31:0] weight_load,
    input logic [31:0] rows,
    input logic [31:0] columns,
    input logic [31:0] weight_bits,
    // the walk over the tile's folds
    input logic segment_ends,
    input logic here_valid,
    input logic [LOOPS-1:0][31:0] bounds,
    input logic [LOOPS-1:0] inside_fold,
    input logic [1:0][31:0] initial_left,  // rows and columns of the tile
    input logic [2*LOOPS-1:0][31:0] moves,
    // the step that asks for weights
    input logic issue,
    input logic fold_begins,
    input logic fold_ends,
    input logic first_fold,
    input logic last_fold,
    output logic there,
    output logic [ROWS*COLUMNS-1:0][31:0] weights,
    output logic [31:0] weights_read,
    // the buffer
    input logic use_half,
    input logic load_half,
    input logic load,
    input logic [31:0] load_bit,
    input logic [31:0] load_bits,
    input logic [PORT-1:0] load_data
);
  localparam logic [31:0] RESIDENT = 0, HIDDEN = 1, EXPOSED = 2;

  logic wanted, shifts, all_in, full, from_port;
  logic [31:0] shifted, row;

  // ---- the walk stands at the fold whose weights were read last; those to shift in are of the one behind it
  logic [LOOPS-1:0][31:0] fold_bounds;
  logic [LOOPS-1:0] unused_begin, unused_end;
  logic [1:0][31:0] left, following;
  logic next_fold, none_yet, shifts_this;
  logic [31:0] fold_rows, fold_columns, row_bits, fold_at, following_at;
  logic [31:0] shift_rows, shift_columns, shift_at;
  always_comb for (int l = 0; l < LOOPS; l++) fold_bounds[l] = inside_fold[l] ? 1 : bounds[l];
  loops #(.LOOPS(LOOPS), .SUMS(2)) folds (
      .clk, .start(segment_ends), .step(next_fold), .bounds(fold_bounds), .initial_sums(initial_left), .moves,
      .at_begin(unused_begin), .at_end(unused_end), .sums(left), .following
  );
  assign fold_rows = left[0] < rows ? left[0] : rows;
  assign fold_columns = left[1] < columns ? left[1] : columns;
  assign row_bits = fold_columns * weight_bits;
  assign following_at = fold_at + fold_rows * row_bits;
  assign shifts_this = none_yet && !from_port;
  always_comb begin
    shift_rows = shifts_this ? left[0] : following[0];
    shift_columns = shifts_this ? left[1] : following[1];
    if (shift_rows > rows) shift_rows = rows;
    if (shift_columns > columns) shift_columns = columns;
    shift_at = (shifts_this ? fold_at : following_at) + row * shift_columns * weight_bits;
  end
  always_ff @(posedge clk)
    if (restart) begin
      fold_at <= 0;
      none_yet <= 1;
    end else begin
      if (next_fold) fold_at <= following_at;
      if (all_in || (issue && from_port)) none_yet <= 0;
    end

  // ---- when a row shifts in
  assign from_port = weight_load == HIDDEN && first_fold && fold_begins;
  // The row at the bottom goes first.
  assign row = rows - 1 - shifted;
  always_comb begin
    shifts = here_valid && (shifted != 0 || wanted);
    // The registers are free as the fold that was in them begins.
    if (weight_load == HIDDEN && issue && fold_begins && !last_fold) shifts = 1;
    if (weight_load == RESIDENT) shifts = 0;
    all_in = shifts && shifted + 1 == rows;
    next_fold = weight_load == RESIDENT ? issue && fold_ends : all_in && !shifts_this;
  end
  always_ff @(posedge clk)
    if (restart) begin
      shifted <= 0;
      full <= 0;
      wanted <= weight_load == EXPOSED;
    end else begin
      if (shifts) shifted <= all_in ? 0 : shifted + 1;
      if (all_in) full <= 1;
      else if (issue && fold_begins) full <= 0;
      if (weight_load == EXPOSED && issue && fold_ends && !last_fold) wanted <= 1;
      else if (shifts) wanted <= 0;
    end
  assign there = weight_load == RESIDENT || !fold_begins || from_port || full;

  // ---- the buffer: a whole fold is read, or a row of it
  logic [WORD-1:0] line, caught[2], fold_line, pair, ones;
  double_buffer #(.WORD(WORD), .WORDS(WORDS)) weight_buffer (
      .clk, .use_half, .read(shifts || (weight_load == RESIDENT && issue)),
      .read_bit(shifts ? shift_at : fold_at), .read_data(line),
      .load_half, .write(load), .write_bit(load_bit), .write_bits(load_bits), .write_data(WORD'(load_data))
  );
  // What a fold of the size of a line begins with is also caught as it comes.
  always_comb begin
    ones = '1;
    pair = '0;
    if (load && load_bit < WORD) pair = (WORD'(load_data) & ~(ones << load_bits)) << load_bit;
  end
  always_ff @(posedge clk)
    if (load && load_bit < WORD) caught[load_half] <= load_bit == 0 ? pair : caught[load_half] | pair;
  assign fold_line = from_port ? caught[use_half] : line;

  logic [ROWS*COLUMNS-1:0][31:0] fold, line_weights, held;
  logic [ROWS-1:0][COLUMNS-1:0][31:0] shifting;
  for (genvar j = 0; j < ROWS; j++) begin : lines
    logic [WORD-1:0] bits;
    if (j == 0) assign bits = fold_line;
    else assign bits = lines[j-1].bits >> row_bits;
    elements #(.COUNT(COLUMNS)) weight_elements (
        .line(bits[32*COLUMNS-1:0]), .width(weight_bits), .numbers(line_weights[j*COLUMNS+:COLUMNS])
    );
  end
  logic [COLUMNS-1:0][31:0] row_weights;
  elements #(.COUNT(COLUMNS)) row_elements (
      .line(line[32*COLUMNS-1:0]), .width(weight_bits), .numbers(row_weights)
  );
  always_comb
    for (int j = 0; j < ROWS; j++)
      for (int k = 0; k < COLUMNS; k++)
        fold[j*COLUMNS+k] = j < fold_rows && k < fold_columns ? line_weights[j*COLUMNS+k] : '0;

  // ---- the registers of the PEs
  always_ff @(posedge clk) begin
    if (shifts) begin
      for (int k = 0; k < COLUMNS; k++) shifting[0][k] <= row < shift_rows && k < shift_columns ? row_weights[k] : '0;
      for (int j = 1; j < ROWS; j++) shifting[j] <= shifting[j-1];
    end
    if (issue && fold_begins) held <= from_port ? fold : shifting;
  end
  always_comb begin
    weights = '0;
    if (issue)
      if (weight_load == RESIDENT || from_port) weights = fold;
      else weights = fold_begins ? shifting : held;
    weights_read = (issue && (weight_load == RESIDENT || from_port) ? rows * columns : 0) + (shifts ? columns : 0);
  end
endmodule
