// FingerprintsTests
