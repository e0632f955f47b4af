package dataset

import "fmt"

// sampleDifferences says which samples have changed, are new or are missing, and
// where all are the same ones, which order or class has changed.
func sampleDifferences(was, is []SampleID) []string {
	gone, added := minus(was, is), minus(is, was)
	var d []string
	if changed := pairs(&gone, &added); len(changed) > 0 {
		d = append(d, count(len(changed), "sample")+" "+hasHave(len(changed))+" other content: "+some(changed))
	}
	if len(added) > 0 {
		d = append(d, count(len(added), "sample")+" "+isAre(len(added))+" new: "+some(names(added)))
	}
	if len(gone) > 0 {
		d = append(d, count(len(gone), "sample")+" "+isAre(len(gone))+" missing: "+some(names(gone)))
	}
	if len(d) > 0 {
		return d
	}
	for i := range was {
		a, b := was[i], is[i]
		if a.Sum == b.Sum {
			continue
		}
		which := b.Name
		if a.Name != b.Name {
			which = a.Name + " before, " + b.Name + " now"
		}
		return []string{fmt.Sprintf("the samples come in another order, from sample %d on (%s)", i, which)}
	}
	var classes []string
	for i := range was {
		if a, b := was[i], is[i]; !a.same(b) {
			classes = append(classes, fmt.Sprintf("the class of %s was %d and is %d", b.Name, a.Label, b.Label))
		}
	}
	if len(classes) > 0 {
		d = append(d, some(classes))
	}
	return d
}

// minus lists the samples of a whose content is not in b, as often as b lacks it.
func minus(a, b []SampleID) []SampleID {
	have := make(map[Sum]int, len(b))
	for _, s := range b {
		have[s.Sum]++
	}
	var rest []SampleID
	for _, s := range a {
		if have[s.Sum]--; have[s.Sum] < 0 {
			rest = append(rest, s)
		}
	}
	return rest
}

// pairs takes the samples of one name out of both lists and describes the change.
func pairs(gone, added *[]SampleID) []string {
	old := make(map[string]SampleID, len(*gone))
	for _, s := range *gone {
		old[s.Name] = s
	}
	var changed []string
	var fresh []SampleID
	for _, s := range *added {
		o, ok := old[s.Name]
		if !ok {
			fresh = append(fresh, s)
			continue
		}
		delete(old, s.Name)
		changed = append(changed, o.change(s))
	}
	var left []SampleID
	for _, s := range *gone {
		if _, ok := old[s.Name]; ok {
			left = append(left, s)
		}
	}
	*gone, *added = left, fresh
	return changed
}

func (s SampleID) change(to SampleID) string {
	if s.Size == to.Size {
		return to.Name
	}
	return fmt.Sprintf("%s (%s before, %s now)", to.Name, s.size(), to.size())
}

func (s SampleID) size() string {
	if s.Size < 0 {
		return "unreadable"
	}
	return fmt.Sprintf("%d bytes", s.Size)
}

func names(samples []SampleID) []string {
	var all []string
	for _, s := range samples {
		all = append(all, s.Name)
	}
	return all
}

func hasHave(n int) string {
	if n == 1 {
		return "has"
	}
	return "have"
}
