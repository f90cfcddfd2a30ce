// LaViSETests
