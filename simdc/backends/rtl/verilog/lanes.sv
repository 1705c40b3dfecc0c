// The SIMD half of the machine: an instruction memory, one issue logic for all lanes, and lanes that each do the same a cycle
// later than the one before. Tiles are lists of commands, one after the other: bring a tile of an operand, run a block of
// code over its vectors, take a tile away.
//
// An instruction stays in stage 1 for as many cycles as its latency, and `wait_cycles` longer if it reads the vector that the
// one before it writes. It is decoded and addressed in stages 2 and 3, reads in stage 4, computes in 5, writes in 6.
module lanes #(
    parameter int LANES = 6,
    parameter int DEPTH = 16384,
    parameter int MOST = 128,
    parameter int LOOPS = 8,
    parameter int OPERANDS = 24,
    parameter int GUARDS = 8,
    parameter int CODE = 512,
    parameter int IMMEDIATES = 256,
    localparam int SUMS = OPERANDS + GUARDS + 2,
    localparam int CONFIG = 24,
    localparam int FIELDS = 16 + 2 * OPERANDS + GUARDS + LOOPS + SUMS + SUMS * LOOPS,
    localparam int COUNTS = 9
) (
    input logic clk,
    input logic start,  // `fetched` has the first command
    input logic [CONFIG-1:0][31:0] settings,
    // instructions and immediates are written before the start
    input logic load_code,
    input logic load_immediate,
    input logic [31:0] load_at,
    input logic [11:0][31:0] load_word,
    output logic [31:0] fetch,
    input logic fetched_valid,
    input logic [FIELDS-1:0][31:0] fetched,
    // the port: `moved` elements of the transfer, from `first` on
    output logic brings,
    output logic takes,
    output logic [31:0] first,
    output logic [31:0] moved,
    input logic [MOST-1:0][31:0] moved_lane,
    input logic [MOST-1:0][31:0] moved_row,
    input logic [MOST-1:0][63:0] brought,
    output logic [MOST-1:0][63:0] taken,
    output logic running,
    output logic [COUNTS-1:0][31:0] counts
);
  logic [31:0] used_lanes, rate, wait_cycles, lane_bits, instruction_bits;
  logic [13:0][31:0] latency;
  assign used_lanes = settings[0];
  assign rate = settings[1];
  assign wait_cycles = settings[2];
  assign lane_bits = settings[3];
  assign instruction_bits = settings[4];
  assign latency = settings[8+:14];

  // ---- fields of a command
  localparam int KIND = 0, BITS = 1, ELEMENTS = 2, WIDTH = 3, WHOLE = 4, REST = 5, STAMP = 6;
  localparam int CODE_AT = 7, CODE_COUNT = 8, BEGINS = 9, ENDS = 10, LANE_LOW = 11, LANE_HIGH = 12, INITIAL = 13, PART_LIMIT = 14;
  localparam int STAMP0 = 16, INITIAL0 = STAMP0 + OPERANDS, LIMIT0 = INITIAL0 + OPERANDS, BOUND0 = LIMIT0 + GUARDS;
  localparam int SUM0 = BOUND0 + LOOPS, MOVE0 = SUM0 + SUMS;
  localparam logic [31:0] BRING = 0, TAKE = 1, RUN = 2;
  logic [FIELDS-1:0][31:0] here;
  logic finishes, moving, computing;

  always_ff @(posedge clk)
    if (start) begin
      here <= fetched;
      running <= 1;
      fetch <= 1;
    end else if (finishes) begin
      here <= fetched;
      running <= fetched_valid;
      fetch <= fetch + 1;
    end
  assign moving = running && here[KIND] != RUN;
  assign computing = running && here[KIND] == RUN;
  assign brings = running && here[KIND] == BRING;
  assign takes = running && here[KIND] == TAKE;

  // What an earlier program left in vector memory counts as not written.
  logic [15:0] era;
  always_ff @(posedge clk) if (start) era <= era + 1;

  // ---- the port
  logic port_finishes, port_busy, port_second;
  logic [31:0] port_done, port_bits, port_beat, element, part, next_part;
  port simd_port (
      .clk, .restart(start || finishes), .running(moving), .width(rate), .bits0(here[BITS]), .bits1(0),
      .busy(port_busy), .second(port_second), .done_bits(port_done), .beat_bits(port_bits), .beat(port_beat),
      .finishes(port_finishes)
  );
  // An element moves with its last bit; the last beat has all that are left.
  assign next_part = part + here[REST];
  assign first = element;
  assign moved = !moving ? 0 : port_finishes ? here[ELEMENTS] - element : here[WHOLE] + 32'(next_part >= here[WIDTH]);
  always_ff @(posedge clk)
    if (start || finishes) begin
      element <= 0;
      part <= 0;
    end else if (moving) begin
      element <= element + moved;
      part <= next_part >= here[WIDTH] ? next_part - here[WIDTH] : next_part;
    end

  // ---- stage 1: which instruction, at which vectors
  logic [11:0][31:0] code[CODE];
  logic [63:0] immediates[IMMEDIATES];
  always_ff @(posedge clk) begin
    if (load_code) code[load_at[$clog2(CODE)-1:0]] <= load_word;
    if (load_immediate) immediates[load_at[$clog2(IMMEDIATES)-1:0]] <= {load_word[1], load_word[0]};
  end

  logic [11:0][31:0] instruction;
  logic [31:0] counter, held, last_row;
  logic issuing, fires, block_done, depends, has_last;
  logic [LOOPS-1:0] at_begin, at_end;
  logic [SUMS-1:0][31:0] at, following;
  assign instruction = code[($clog2(CODE))'(here[CODE_AT]+counter)];
  loops #(.LOOPS(LOOPS), .SUMS(SUMS)) walk (
      .clk, .start(start || finishes), .step(fires && counter + 1 == here[CODE_COUNT]),
      .bounds(here[BOUND0+:LOOPS]), .initial_sums(fetched[SUM0+:SUMS]), .moves(here[MOVE0+:SUMS*LOOPS]),
      .at_begin, .at_end, .sums(at), .following
  );

  // Words of an instruction: opcode, sources, then for the result and each source where it is and its width.
  // 1 << 16 + n: what operand n has here; 2 << 16 + n: temporary n, at the end of vector memory; 3 << 16 + n: immediate n.
  function automatic logic [31:0] row_of(input logic [31:0] place);
    row_of = place[17:16] == 1 ? at[place[7:0]] : DEPTH - 1 - {16'b0, place[15:0]};
  endfunction
  typedef struct packed {
    logic [31:0] opcode, row, stamp;
    logic [LANES-1:0] enabled;
    logic [3:0] read;
    logic [3:0][31:0] read_row, read_stamp;
    logic [3:0][63:0] otherwise;
  } operation_t;
  localparam int DEEP = 5 + LANES - 1;
  operation_t issued;
  // Plain bits, since not all tools take an array of records apart.
  logic [DEEP:1][96+LANES+4+2*4*32+4*64-1:0] later;
  logic [DEEP:1] valid;

  logic in_tensor;
  logic [3:0] is_read;
  logic [3:0][31:0] source_row, source_stamp;
  logic [3:0][63:0] constant;
  logic [31:0] read_bits, immediates_read, place;
  always_comb begin
    in_tensor = 1;
    for (int g = 0; g < GUARDS; g++) if (at[OPERANDS+g] >= here[LIMIT0+g]) in_tensor = 0;
    issued = '0;
    is_read = '0;
    source_stamp = '0;
    constant = '0;
    issued.opcode = instruction[0];
    issued.row = row_of(instruction[2]);
    issued.stamp = {era, instruction[2][17:16] == 1 ? here[STAMP0+instruction[2][7:0]][15:0] : 16'd1};
    for (int l = 0; l < LANES; l++)
      issued.enabled[l] = in_tensor && l < used_lanes && at[SUMS-1] + l >= here[LANE_LOW] && at[SUMS-1] + l < here[LANE_HIGH] && at[SUMS-2] + l < here[PART_LIMIT];
    depends = 0;
    read_bits = instruction[3];
    immediates_read = 0;
    for (int s = 0; s < 4; s++) begin
      place = instruction[4+2*s];
      source_row[s] = row_of(place);
      if (s < instruction[1])
        case (place[17:16])
          1: begin
            is_read[s] = 1;
            source_stamp[s] = {era, here[STAMP0+place[7:0]][15:0]};
            constant[s] = immediates[here[INITIAL0+place[7:0]][$clog2(IMMEDIATES)-1:0]];
          end
          2: begin
            is_read[s] = 1;
            source_stamp[s] = {era, 16'd1};
          end
          default: constant[s] = immediates[place[$clog2(IMMEDIATES)-1:0]];
        endcase
      if (is_read[s]) begin
        read_bits = read_bits + instruction[5+2*s];
        if (has_last && last_row == source_row[s]) depends = 1;
      end else if (s < instruction[1]) immediates_read = immediates_read + 1;
    end
    issued.read = is_read;
    issued.read_row = source_row;
    issued.read_stamp = source_stamp;
    issued.otherwise = constant;
  end

  // ---- the interlock looks at one instruction back, in this issue or the one before
  assign issuing = computing && !block_done && here[CODE_COUNT] != 0;
  assign fires = issuing && held + 1 == latency[instruction[0][3:0]] + (depends ? wait_cycles : 0);
  always_ff @(posedge clk)
    if (start || finishes) begin
      counter <= 0;
      held <= 0;
      block_done <= 0;
      if (start || fetched[BEGINS][0]) has_last <= 0;
      else if (fires) begin
        has_last <= 1;
        last_row <= issued.row;
      end
    end else if (fires) begin
      held <= 0;
      has_last <= 1;
      last_row <= issued.row;
      counter <= counter + 1 == here[CODE_COUNT] ? 0 : counter + 1;
      if (counter + 1 == here[CODE_COUNT] && &at_end) block_done <= 1;
    end else if (issuing) held <= held + 1;

  // After the last block of a tile the pipeline runs empty: five stages, and a cycle for each further lane.
  logic [31:0] drained;
  logic issued_all;
  assign issued_all = block_done || here[CODE_COUNT] == 0;
  always_ff @(posedge clk)
    if (start || finishes) drained <= 0;
    else if (computing && issued_all) drained <= drained + 1;
  always_comb begin
    finishes = moving && port_finishes;
    if (computing && !here[ENDS][0]) finishes = fires && counter + 1 == here[CODE_COUNT] && &at_end;
    if (computing && here[ENDS][0]) finishes = issued_all && drained + 1 == 5 + used_lanes - 1;
  end

  // ---- the lanes: lane l is in stage s when the operation was issued s - 1 + l cycles ago
  always_ff @(posedge clk) begin
    later[1] <= issued;
    for (int d = 2; d <= DEEP; d++) later[d] <= later[d-1];
    valid <= start ? '0 : {valid[DEEP-1:1], fires};
  end
  logic [LANES-1:0][MOST-1:0][63:0] given;
  for (genvar l = 0; l < LANES; l++) begin : all
    operation_t reads, computes, writes;
    assign reads = later[3+l];
    assign computes = later[4+l];
    assign writes = later[5+l];
    lane #(.NUMBER(l), .DEPTH(DEPTH), .MOST(MOST)) alu (
        .clk,
        .read(reads.read), .read_row(reads.read_row), .read_stamp(reads.read_stamp), .otherwise(reads.otherwise),
        .opcode(computes.opcode),
        .write(valid[5+l] && writes.enabled[l]), .write_row(writes.row), .write_stamp(writes.stamp),
        .brings, .moved, .moved_lane, .moved_row, .moved_stamp({era, here[STAMP][15:0]}), .brought,
        .moved_otherwise(immediates[here[INITIAL][$clog2(IMMEDIATES)-1:0]]),
        .gives(takes), .given(given[l])
    );
  end
  always_comb begin
    taken = '0;
    if (takes)
      for (int e = 0; e < MOST; e++)
        if (e < moved) taken[e] = given[moved_lane[e] < LANES ? moved_lane[e][$clog2(LANES)-1:0] : 0][e];
  end

  // ---- what is counted
  always_ff @(posedge clk)
    if (start) counts <= '0;
    else begin
      counts[0] <= counts[0] + 32'(running);
      counts[1] <= counts[1] + 32'(computing);
      counts[2] <= counts[2] + 32'(port_busy);
      counts[3] <= counts[3] + (brings ? port_bits : 0);
      counts[4] <= counts[4] + (takes ? port_bits : 0);
      counts[5] <= counts[5] + (fires ? read_bits * used_lanes : 0);
      counts[6] <= counts[6] + (fires ? immediates_read * lane_bits : 0);
      counts[7] <= counts[7] + (fires ? instruction_bits : 0);
      counts[8] <= counts[8] + 32'(fires);
    end
endmodule
