package engine

import (
	"cmp"
	"slices"

	"github.com/octet-ml/octet/internal/parallel"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// suppression chooses boxes class by class; classes are shared among threads.
type suppression struct {
	lastInnermost
	op.NonMaxSuppression
}

func (suppression) kernel() (string, string) { return "suppression", "go" }

func (o suppression) fix(in, outs []desc, threads int) (fixed, error) {
	s := in[1].Shape
	f := fixedSuppression{suppression: o, classes: s[1], boxes: s[2], count: s[0] * s[1]}
	f.most = outs[0].Shape[0] / max(1, f.count)
	f.split = splitRuns(s[0]*s[2], shortest, threads)
	return f, nil
}

type fixedSuppression struct {
	suppression
	classes, boxes int  // of an image
	count          int  // classes of all images
	most           int  // boxes that may be chosen of a class
	split          runs // of the boxes of all images
}

func (fixedSuppression) macs() int64 { return 0 }

// scratch has the candidates of a class.
func (f fixedSuppression) scratch() int { return divUp(f.boxes, 2) }

func (f fixedSuppression) bind(in, outs []memory, scratch [][]uint64) step {
	t := &taskSuppression{
		fixedSuppression: f, in: in, corners: make([]op.Box, f.split.n),
		chosen: make([]int32, f.count*f.most), chosenOf: make([]int, f.count), candidates: scratch,
	}
	return &suppressionStep{t, readBoxes{t}, view[int64](outs[0]), []tensor.Shape{{0, 3}}}
}

type taskSuppression struct {
	fixedSuppression
	in         []memory
	corners    []op.Box   // of all images
	chosen     []int32    // most entries for every class
	chosenOf   []int      // how many, by class
	candidates [][]uint64 // by worker

	limit      int
	iou, score float32
}

type suppressionStep struct {
	task *taskSuppression
	read readBoxes
	out  []int64
	size []tensor.Shape
}

func (s *suppressionStep) shapes() []tensor.Shape { return s.size }

func (s *suppressionStep) exec(p *parallel.Pool) error {
	t := s.task
	t.limits()
	p.Run(t.split.count, s.read)
	p.Run(t.count, t)
	n := 0
	for class, count := range t.chosenOf {
		for _, box := range t.chosen[class*t.most:][:count] {
			s.out[3*n], s.out[3*n+1], s.out[3*n+2] = int64(class/t.classes), int64(class%t.classes), int64(box)
			n++
		}
	}
	s.size[0][0] = n
	return nil
}

// limits reads the operands of one number.
func (t *taskSuppression) limits() {
	t.limit, t.iou = 0, 0
	if len(t.in) > 2 {
		t.limit = op.MostBoxes(view[int64](t.in[2])[0], t.most)
	}
	if len(t.in) > 3 {
		t.iou = t.in[3].reals()[0]
	}
	if len(t.in) > 4 {
		t.score = t.in[4].reals()[0]
	}
}

// readBoxes reads the boxes of all images.
type readBoxes struct{ *taskSuppression }

func (t readBoxes) Do(_, i int) {
	numbers := t.in[0].reals()
	for from, to := t.split.bounds(i); from < to; from++ {
		t.corners[from] = t.Box(numbers[4*from:])
	}
}

// Do chooses the boxes of one class of one image.
func (t *taskSuppression) Do(worker, class int) {
	scores := t.in[1].reals()[class*t.boxes:][:t.boxes]
	corners := t.corners[class/t.classes*t.boxes:][:t.boxes]
	candidates := words[int32](t.candidates[worker])[:0]
	for i, v := range scores {
		if len(t.in) < 5 || v > t.score {
			candidates = append(candidates, int32(i))
		}
	}
	slices.SortFunc(candidates, func(a, b int32) int {
		if c := cmp.Compare(scores[b], scores[a]); c != 0 {
			return c
		}
		return cmp.Compare(a, b)
	})
	chosen := t.chosen[class*t.most:][:0:t.most]
	for _, i := range candidates {
		if len(chosen) == t.limit {
			break
		}
		if !t.overlaps(corners, chosen, corners[i]) {
			chosen = append(chosen, i)
		}
	}
	t.chosenOf[class] = len(chosen)
}

// overlaps reports whether a box overlaps one of those that are chosen by more than the
// threshold.
func (t *taskSuppression) overlaps(corners []op.Box, chosen []int32, box op.Box) bool {
	for _, i := range chosen {
		if box.Overlap(corners[i]) > t.iou {
			return true
		}
	}
	return false
}
