// Nested counters, the last loop fastest, and sums that go along: addresses, positions in the image, what is left of the
// channels. A loop that steps while those inside it turn back moves each sum by one number, which the descriptor has: no
// address is multiplied.
module loops #(
    parameter int LOOPS = 12,
    parameter int SUMS = 10
) (
    input logic clk,
    input logic start,  // with the initial sums; the first step is the next cycle
    input logic step,
    input logic [LOOPS-1:0][31:0] bounds,
    input logic [SUMS-1:0][31:0] initial_sums,
    input logic [SUMS*LOOPS-1:0][31:0] moves,
    output logic [LOOPS-1:0] at_begin,
    output logic [LOOPS-1:0] at_end,
    output logic [SUMS-1:0][31:0] sums,
    output logic [SUMS-1:0][31:0] following  // the sums after another step
);
  logic [LOOPS-1:0][31:0] index;
  logic [LOOPS-1:0] stepping, turning;
  logic [31:0] mover;

  always_comb begin
    mover = 0;
    for (int l = 0; l < LOOPS; l++) begin
      at_begin[l] = index[l] == 0;
      at_end[l] = index[l] + 1 == bounds[l];
      if (!at_end[l]) mover = l;
    end
    for (int l = 0; l < LOOPS; l++) begin
      stepping[l] = l == mover;
      turning[l] = l > mover;
    end
  end

  always_comb for (int s = 0; s < SUMS; s++) following[s] = sums[s] + moves[s*LOOPS+mover];

  always_ff @(posedge clk)
    if (start) begin
      index <= '0;
      sums <= initial_sums;
    end else if (step) begin
      for (int l = 0; l < LOOPS; l++)
        if (turning[l]) index[l] <= 0;
        else if (stepping[l]) index[l] <= index[l] + 1;
      for (int s = 0; s < SUMS; s++) sums[s] <= following[s];
    end
endmodule
