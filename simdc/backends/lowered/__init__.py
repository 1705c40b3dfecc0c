"""Networks that passes have lowered, as plain data: what pricing and reports need of them, and how they are kept from
one run to the next. Needs no IR."""
