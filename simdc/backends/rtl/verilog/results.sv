// The two halves of the psum buffer. In a cycle the array reads and writes sums in the half in use; the port stores from, or
// loads to, the other one. What leaves is gathered from the sums at the width that it has in DRAM.
module results #(
    parameter int COLUMNS = 6,
    parameter int PORT = 512,
    parameter int WORD = 2048,
    parameter int WORDS = 1024
) (
    input logic clk,
    input logic [31:0] psum_bits,
    // the array
    input logic use_half,
    input logic read,
    input logic write,
    input logic [31:0] sums_bit,  // where the sums of a step begin
    input logic [31:0] sums_count,
    output logic [COLUMNS-1:0][31:0] old_sums,
    input logic [COLUMNS-1:0][31:0] new_sums,
    // the port, in
    input logic load_half,
    input logic load,
    input logic [31:0] load_bit,
    input logic [31:0] load_bits,
    input logic [PORT-1:0] load_data,
    // the port, out
    input logic store_half,
    input logic store,
    input logic [31:0] store_bit,  // of the first sum of which something leaves in this beat
    input logic [31:0] store_shift,  // bits of it that have left before
    input logic [31:0] store_width,  // of a result in DRAM
    output logic [PORT-1:0] store_data
);
  localparam int MOST = WORD / 32;

  logic [WORD-1:0] read_data[2];
  logic [WORD-1:0] new_data, leaving, old_data;
  logic [31:0] write_length;

  for (genvar h = 0; h < 2; h++) begin : half
    logic in_use, loading, storing;
    assign in_use = use_half == h && (read || write);
    assign loading = load_half == h && load;
    assign storing = store_half == h && store;
    memory #(.WORD(WORD), .WORDS(WORDS)) sums (
        .clk,
        .read((use_half == h && read) || storing),
        .read_bit(storing ? store_bit : sums_bit),
        .read_data(read_data[h]),
        .write((use_half == h && write) || loading),
        .write_bit(in_use ? sums_bit : load_bit),
        .write_bits(in_use ? write_length : load_bits),
        .write_data(in_use ? new_data : WORD'(load_data))
    );
  end

  assign old_data = read_data[use_half];
  assign leaving  = read_data[store_half];

  // 32-bit sums; narrower ones wrap around and are extended.
  elements #(.COUNT(COLUMNS)) old_elements (
      .line(old_data[32*COLUMNS-1:0]), .width(psum_bits), .numbers(old_sums)
  );
  always_comb begin
    new_data = '0;
    case (psum_bits)
      8: for (int k = 0; k < COLUMNS; k++) new_data[8*k+:8] = new_sums[k][7:0];
      16: for (int k = 0; k < COLUMNS; k++) new_data[16*k+:16] = new_sums[k][15:0];
      default: new_data[32*COLUMNS-1:0] = new_sums;
    endcase
    write_length = sums_count * psum_bits;
  end

  logic [MOST-1:0][31:0] leaving_sums;
  elements #(.COUNT(MOST)) leaving_elements (.line(leaving), .width(psum_bits), .numbers(leaving_sums));
  logic [WORD-1:0] gathered;
  always_comb begin
    gathered = '0;
    if (store) begin
      case (store_width)
        4: for (int e = 0; e < MOST; e++) gathered[4*e+:4] = leaving_sums[e][3:0];
        8: for (int e = 0; e < MOST; e++) gathered[8*e+:8] = leaving_sums[e][7:0];
        16: for (int e = 0; e < MOST; e++) gathered[16*e+:16] = leaving_sums[e][15:0];
        default: gathered = leaving_sums;
      endcase
      gathered = gathered >> store_shift;
    end
    store_data = gathered[PORT-1:0];
  end
endmodule
