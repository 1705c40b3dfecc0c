// ROWS x COLUMNS PEs, of which a schedule may use fewer. Row j gets its value j cycles after row 0, values go to the right
// and sums down, a column a cycle later than the one before; the sums of a step leave together, `used_rows +
// used_columns - 2` cycles after it was issued.
module array #(
    parameter int ROWS = 6,
    parameter int COLUMNS = 6
) (
    input logic clk,
    input logic [31:0] used_rows,
    input logic [31:0] used_columns,
    input logic [ROWS-1:0][31:0] values,
    input logic [ROWS*COLUMNS-1:0][31:0] weights,
    output logic [COLUMNS-1:0][31:0] sums
);
  localparam int WAVES = ROWS + COLUMNS - 1;

  // The skew, and weights that travel with the step to which they belong: d cycles late d rows and columns away.
  logic [ROWS-1:0][31:0] late_values[1:ROWS-1];
  logic [ROWS*COLUMNS-1:0][31:0] late_weights[1:WAVES-1];
  always_ff @(posedge clk) begin
    late_values[1] <= values;
    late_weights[1] <= weights;
    for (int d = 2; d < ROWS; d++) late_values[d] <= late_values[d-1];
    for (int d = 2; d < WAVES; d++) late_weights[d] <= late_weights[d-1];
  end

  logic [COLUMNS-1:0][31:0] x[ROWS], x_in[ROWS], sum[ROWS], sum_out[ROWS];
  for (genvar j = 0; j < ROWS; j++) begin : row
    for (genvar k = 0; k < COLUMNS; k++) begin : column
      logic [31:0] weight, above;
      if (j + k == 0) assign weight = weights[0];
      else assign weight = late_weights[j+k][j*COLUMNS+k];
      if (k > 0) assign x_in[j][k] = x[j][k-1];
      else if (j > 0) assign x_in[j][k] = late_values[j][j];
      else assign x_in[j][k] = values[0];
      if (j > 0) assign above = sum[j-1][k];
      else assign above = '0;
      assign sum_out[j][k] = above + x_in[j][k] * weight;
    end
    always_ff @(posedge clk) begin
      x[j] <= x_in[j];
      sum[j] <= sum_out[j];
    end
  end

  // Columns on the left wait for the last one in use.
  logic [COLUMNS-1:0][31:0] bottom;
  logic [COLUMNS-1:0][31:0] late_sums[1:COLUMNS-1];
  assign bottom = sum_out[used_rows-1];
  always_ff @(posedge clk) begin
    late_sums[1] <= bottom;
    for (int d = 2; d < COLUMNS; d++) late_sums[d] <= late_sums[d-1];
  end
  always_comb
    for (int k = 0; k < COLUMNS; k++) begin
      sums[k] = bottom[k];
      for (int d = 1; d < COLUMNS; d++) if (k + d + 1 == used_columns) sums[k] = late_sums[d][k];
    end
endmodule
