package octet

import "github.com/octet-ml/octet/zoo"

// ImageNetLabels returns the 1000 class names of ImageNet-1K in the order of
// the outputs of torchvision's weights (their meta["categories"]).
func ImageNetLabels() []string { return zoo.ImageNetCategories() }
