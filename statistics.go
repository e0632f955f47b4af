package octet

// Statistics is what the observers of a calibration have seen.
type Statistics struct{}
