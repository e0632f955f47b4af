package zoo

import "testing"

func TestShortNamesAreDefaultWeights(t *testing.T) {
	for name, want := range map[string][2]string{ // int8, float
		"resnet18":           {"ResNet18_QuantizedWeights.IMAGENET1K_FBGEMM_V1", "ResNet18_Weights.IMAGENET1K_V1"},
		"ResNet50":           {"ResNet50_QuantizedWeights.IMAGENET1K_FBGEMM_V2", "ResNet50_Weights.IMAGENET1K_V2"},
		"mobilenet-v2":       {"MobileNet_V2_QuantizedWeights.IMAGENET1K_QNNPACK_V1", ""},
		"mobilenet_v3_large": {"MobileNet_V3_Large_QuantizedWeights.IMAGENET1K_QNNPACK_V1", ""},
		"googlenet":          {"GoogLeNet_QuantizedWeights.IMAGENET1K_FBGEMM_V1", "GoogLeNet_Weights.IMAGENET1K_V1"},
		"Inception_V3":       {"Inception_V3_QuantizedWeights.IMAGENET1K_FBGEMM_V1", "Inception_V3_Weights.IMAGENET1K_V1"},
		"shufflenet_v2_x1_0": {"ShuffleNet_V2_X1_0_QuantizedWeights.IMAGENET1K_FBGEMM_V1", "ShuffleNet_V2_X1_0_Weights.IMAGENET1K_V1"},
		"resnext101_32x8d":   {"ResNeXt101_32X8D_QuantizedWeights.IMAGENET1K_FBGEMM_V2", "ResNeXt101_32X8D_Weights.IMAGENET1K_V2"},
	} {
		for i, float := range []bool{false, true} {
			w, ok := Short(name, float)
			if !ok || want[i] != "" && w.String() != want[i] || w.Quantized() == float {
				t.Errorf("%s, float %v: %v, %v", name, float, w, ok)
			}
		}
	}
	for _, name := range []string{"", "resnet", "resnet19", "resnet18.pth", "ResNet18_QuantizedWeights"} {
		if w, ok := Short(name, false); ok {
			t.Errorf("%q is %v", name, w)
		}
	}
}
