package main

import (
	"fmt"

	"github.com/octet-ml/octet/train"
)

// divergenceText warns of a training that makes the model worse.
func (f *trainingFlags) divergenceText(d train.Divergence) string {
	guessing := ""
	if f.recipe.Loss.Distill == 0 {
		guessing = fmt.Sprintf(" (guessing gives %.3g)", d.Guessing)
	}
	return fmt.Sprintf("the training diverges: the loss was %.4g at first and is %.4g behind step %d%s; try %s", d.First, d.Loss, d.Step, guessing, f.calmer())
}

// calmer names the flags that keep a training from diverging, with values.
func (f *trainingFlags) calmer() string {
	r := f.recipe
	clip := "--clip 1, which shortens long gradients"
	if r.Clip > 0 {
		clip = fmt.Sprintf("a smaller --clip (%g here)", r.Clip)
	}
	return fmt.Sprintf("a lower --lr (%g here; %g, say), or %s", r.Optimizer.LearningRate, r.Optimizer.LearningRate/10, clip)
}
