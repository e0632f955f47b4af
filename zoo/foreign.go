package zoo

import "strings"

// Foreign says in words which family of networks that octet does not have the keys
// of a file are the usual ones of; empty where none is recognised.
func Foreign(keys []string) string {
	for _, f := range foreign {
		all := true
		for _, part := range f.parts {
			all = all && contains(keys, part)
		}
		if all {
			return "they look like those of " + f.family
		}
	}
	return ""
}

func contains(keys []string, part string) bool {
	for _, k := range keys {
		if strings.Contains("."+k, "."+part) {
			return true
		}
	}
	return false
}

// foreign are families by parts of keys that each of their files has.
var foreign = []struct {
	family string
	parts  []string
}{
	{"timm's MobileNet and EfficientNet family (conv_stem, blocks.0.0.conv_dw); its layers are not named as torchvision's, so take the model of torchvision", []string{"conv_stem.weight", "blocks.0.0."}},
	{"torchvision's EfficientNet", []string{"features.0.0.weight", "features.1.0.block.", "features.2.0.block."}},
	{"torchvision's ConvNeXt", []string{"features.0.0.weight", "features.1.0.layer_scale"}},
	{"timm's ConvNeXt", []string{"stem.0.weight", "stages.0.blocks.0."}},
	{"torchvision's DenseNet", []string{"features.denseblock1."}},
	{"torchvision's SqueezeNet", []string{"features.3.squeeze.weight"}},
	{"a plain chain of convolutions, such as VGG or AlexNet", []string{"features.0.weight", "classifier."}},
	{"a vision transformer", []string{"patch_embed.proj.weight"}},
	{"torchvision's vision transformer", []string{"conv_proj.weight", "encoder.layers."}},
	{"a transformer for text", []string{"embeddings.word_embeddings.weight"}},
	{"Hugging Face's ResNet", []string{"embedder.embedder.convolution.weight"}},
	{"a YOLO detector", []string{"model.0.conv.weight", "model.1.conv.weight"}},
	{"a diffusion or segmentation U-Net", []string{"down_blocks.0."}},
}
