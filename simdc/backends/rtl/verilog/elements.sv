// The elements at the beginning of a line, as signed numbers of 32 bits.
module elements #(
    parameter int COUNT = 6
) (
    input logic [COUNT*32-1:0] line,
    input logic [31:0] width,
    output logic [COUNT-1:0][31:0] numbers
);
  always_comb
    case (width)
      4: for (int e = 0; e < COUNT; e++) numbers[e] = 32'(signed'(line[4*e+:4]));
      8: for (int e = 0; e < COUNT; e++) numbers[e] = 32'(signed'(line[8*e+:8]));
      16: for (int e = 0; e < COUNT; e++) numbers[e] = 32'(signed'(line[16*e+:16]));
      default: numbers = line;
    endcase
endmodule
