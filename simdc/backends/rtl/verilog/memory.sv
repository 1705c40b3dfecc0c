// Memories: a bank has one read and one write port. A memory is two banks, of even and of odd words, so that any run of bits
// up to a word long can be read, and another one written, in a cycle, wherever it begins.

module bank #(
    parameter int WORD = 512,
    parameter int ROWS = 512
) (
    input logic clk,
    input logic [31:0] read_row,
    output logic [WORD-1:0] read_data,
    input logic write,
    input logic [31:0] write_row,
    input logic [WORD-1:0] write_data,
    input logic [WORD-1:0] write_mask
);
  logic [WORD-1:0] words[ROWS];

  // The row is read in the cycle that asks for it.
  assign read_data = words[read_row[$clog2(ROWS)-1:0]];

  always_ff @(posedge clk)
    if (write)
      words[write_row[$clog2(ROWS)-1:0]] <=
          (words[write_row[$clog2(ROWS)-1:0]] & ~write_mask) | (write_data & write_mask);
endmodule

module memory #(
    parameter int WORD = 512,
    parameter int WORDS = 1024
) (
    input logic clk,
    input logic read,
    input logic [31:0] read_bit,
    output logic [WORD-1:0] read_data,
    input logic write,
    input logic [31:0] write_bit,
    input logic [31:0] write_bits,
    input logic [WORD-1:0] write_data
);
  localparam int SHIFT = $clog2(WORD);

  logic [31:0] first_read, first_write;
  logic [SHIFT-1:0] read_offset, write_offset;
  logic [WORD-1:0] even, odd;
  logic [2*WORD-1:0] pair, data, mask, ones;
  assign {first_read, read_offset} = {{SHIFT{1'b0}}, read_bit};
  assign {first_write, write_offset} = {{SHIFT{1'b0}}, write_bit};

  // Word 5 is in the odd bank, row 2; what follows it in the even bank, row 3.
  always_comb begin
    read_data = '0;
    pair = '0;
    if (read) begin
      pair = first_read[0] ? {even, odd} : {odd, even};
      pair = pair >> read_offset;
      read_data = pair[WORD-1:0];
    end
  end

  always_comb begin
    data = '0;
    mask = '0;
    ones = '0;
    if (write) begin
      data[WORD-1:0] = write_data;
      data = data << write_offset;
      ones = ~ones;
      mask = ~(ones << write_bits) << write_offset;
    end
  end

  bank #(.WORD(WORD), .ROWS(WORDS / 2)) even_bank (
      .clk,
      .read_row((first_read + 32'd1) >> 1),
      .read_data(even),
      .write,
      .write_row((first_write + 32'd1) >> 1),
      .write_data(first_write[0] ? data[2*WORD-1:WORD] : data[WORD-1:0]),
      .write_mask(first_write[0] ? mask[2*WORD-1:WORD] : mask[WORD-1:0])
  );
  bank #(.WORD(WORD), .ROWS(WORDS / 2)) odd_bank (
      .clk,
      .read_row(first_read >> 1),
      .read_data(odd),
      .write,
      .write_row(first_write >> 1),
      .write_data(first_write[0] ? data[WORD-1:0] : data[2*WORD-1:WORD]),
      .write_mask(first_write[0] ? mask[WORD-1:0] : mask[2*WORD-1:WORD])
  );
endmodule

// A buffer of the array that is only read there: the port fills one half while the array reads the other, so both halves are
// in the same banks.
module double_buffer #(
    parameter int WORD = 512,
    parameter int WORDS = 1024
) (
    input logic clk,
    input logic use_half,
    input logic read,
    input logic [31:0] read_bit,
    output logic [WORD-1:0] read_data,
    input logic load_half,
    input logic write,
    input logic [31:0] write_bit,
    input logic [31:0] write_bits,
    input logic [WORD-1:0] write_data
);
  localparam logic [31:0] HALF = WORD * WORDS;

  memory #(.WORD(WORD), .WORDS(2 * WORDS)) halves (
      .clk,
      .read,
      .read_bit(read_bit + (use_half ? HALF : 0)),
      .read_data,
      .write,
      .write_bit(write_bit + (load_half ? HALF : 0)),
      .write_bits,
      .write_data
  );
endmodule
