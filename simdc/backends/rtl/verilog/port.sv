// A DRAM port: up to two transfers in a segment, one after the other, `width` bits a cycle; the last beat of each has what
// is left. Bits are counted down, so nothing is divided.
module port (
    input logic clk,
    input logic restart,  // the next cycle begins a segment
    input logic running,
    input logic [31:0] width,
    input logic [31:0] bits0,
    input logic [31:0] bits1,
    output logic busy,
    output logic second,
    output logic [31:0] done_bits,  // of the transfer, before this beat
    output logic [31:0] beat_bits,
    output logic [31:0] beat,
    output logic finishes  // nothing is left after this cycle
);
  logic second_now, all_done, last_beat, last_transfer;
  logic [31:0] total, left;

  assign second = second_now || bits0 == 0;
  assign total = second ? bits1 : bits0;
  assign busy = running && !all_done && total != 0;
  assign left = total - done_bits;
  assign last_beat = left <= width;
  assign beat_bits = last_beat ? left : width;
  assign last_transfer = second || bits1 == 0;
  assign finishes = !busy || (last_beat && last_transfer);

  always_ff @(posedge clk)
    if (restart) begin
      second_now <= 0;
      all_done <= 0;
      done_bits <= 0;
      beat <= 0;
    end else if (busy) begin
      if (!last_beat) begin
        done_bits <= done_bits + width;
        beat <= beat + 1;
      end else if (last_transfer) all_done <= 1;
      else begin
        second_now <= 1;
        done_bits <= 0;
        beat <= 0;
      end
    end
endmodule
