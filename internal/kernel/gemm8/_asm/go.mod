module github.com/octet-ml/octet/internal/kernel/gemm8/_asm

go 1.26
