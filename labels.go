package octet

import (
	_ "embed"
	"strings"
)

//go:embed imagenet_labels.txt
var imagenetLabels string

// ImageNetLabels returns the 1000 class names of ImageNet-1K in the order of
// the outputs of torchvision's weights (their meta["categories"]).
func ImageNetLabels() []string {
	return strings.Split(strings.TrimSpace(imagenetLabels), "\n")
}

// fashionLabels are the classes of Fashion-MNIST.
var fashionLabels = []string{
	"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
}
