//go:build !gpu

package device

// gpus: none. go build -tags gpu (make gpu) makes a binary that has them.
var gpus []opener

// GPUs are lines for people about the driver, each GPU, and the compiler: none here.
func GPUs() []string { return nil }
