// LaViSE
