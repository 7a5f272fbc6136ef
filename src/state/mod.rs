//! Facts, registers and rights; the view of them; requests and what they become.
