package zoo

import "testing"

// Parameters of what FX graph mode computes in no module belong to the network, in the
// outermost module, too.
func TestKeysOfGraphMode(t *testing.T) {
	for key, want := range map[string]bool{
		"layer1_0_relu_scale_0": true, "layer1_0_relu_zero_point_0": true, "_scale_0": true, "_zero_point_12": true,
		"_scale_": false, "scale_0": false, "layer1.relu_scale_0": false, "loss_weight_0": false,
	} {
		if got := isTraced(key); got != want {
			t.Errorf("%s: %v", key, got)
		}
	}
}
