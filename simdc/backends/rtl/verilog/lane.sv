// A lane: its part of vector memory, and the stages in which it reads, computes and writes. Arithmetic is that of double
// precision, by the simulator: this one file does not describe gates.
module lane #(
    parameter int NUMBER = 0,
    parameter int DEPTH = 16384,
    parameter int MOST = 128
) (
    input logic clk,
    // stage 4: up to four vectors are read; what is no vector is an immediate
    input logic [3:0] read,
    input logic [3:0][31:0] read_row,
    input logic [3:0][31:0] read_stamp,
    input logic [3:0][63:0] otherwise,
    // stage 5
    input logic [31:0] opcode,
    // stage 6
    input logic write,
    input logic [31:0] write_row,
    input logic [31:0] write_stamp,
    // what the port brings or takes: elements with their rows, and their lanes, ~0 for all
    input logic brings,
    input logic [31:0] moved,
    input logic [MOST-1:0][31:0] moved_lane,
    input logic [MOST-1:0][31:0] moved_row,
    input logic [31:0] moved_stamp,
    input logic [63:0] moved_otherwise,
    input logic [MOST-1:0][63:0] brought,
    input logic gives,
    output logic [MOST-1:0][63:0] given
);
  localparam int BITS = $clog2(DEPTH);
  logic [63:0] words[DEPTH];
  // Which tile a row was written for: one of an earlier tile counts as not written, and reads as its initial value.
  logic [31:0] stamps[DEPTH];
  logic [BITS-1:0] row;

  logic [3:0][63:0] source;
  logic [63:0] result;
  logic is_nan;
  real a, b, c, d, value;

  // Memory is read before it is written; what is written in this cycle goes straight to who reads it.
  always @(posedge clk) begin
    for (int s = 0; s < 4; s++) begin
      row = read_row[s][BITS-1:0];
      if (!read[s]) source[s] <= otherwise[s];
      else if (write && write_row == read_row[s]) source[s] <= result;
      else if (stamps[row] != read_stamp[s]) source[s] <= otherwise[s];
      else source[s] <= words[row];
    end
    if (write) begin
      words[write_row[BITS-1:0]] = result;
      stamps[write_row[BITS-1:0]] = write_stamp;
    end
    if (brings)
      for (int e = 0; e < moved; e++)
        if (moved_lane[e] == NUMBER || moved_lane[e] == '1) begin
          words[moved_row[e][BITS-1:0]] = brought[e];
          stamps[moved_row[e][BITS-1:0]] = moved_stamp;
        end
  end

  always_comb begin
    given = '0;
    if (gives) for (int e = 0; e < moved; e++) given[e] = stamps[moved_row[e][BITS-1:0]] == moved_stamp ? words[moved_row[e][BITS-1:0]] : moved_otherwise;
  end

  always_comb begin
    a = $bitstoreal(source[0]);
    b = $bitstoreal(source[1]);
    c = $bitstoreal(source[2]);
    d = $bitstoreal(source[3]);
    is_nan = &source[0][62:52] && |source[0][51:0];
    case (opcode)
      0: value = a + b;
      1: value = a - b;
      2: value = a * b;
      3: value = a > b || is_nan ? a : b;
      4: value = a < b || is_nan ? a : b;
      5: value = a == b ? 1.0 : 0.0;
      6: value = a == b ? c : d;
      7: value = a;
      8: value = a / b;
      9: value = $exp(a);
      10: value = 1.0 / $sqrt(a);
      11: value = $ln(a);
      12: value = $sqrt(a);
      default: value = a + b * c;
    endcase
  end
  always_ff @(posedge clk) result <= $realtobits(value);
endmodule
