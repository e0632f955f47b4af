package main

import (
	"bytes"
	"context"
	"fmt"
)

// same asks for one input in every way and with ever more clients, alone and within a larger
// batch, with one thread, with all, and joined with others where that pays: every answer must be
// the same bytes.
func same(ctx context.Context, s *setting) error {
	var wanted, classes []byte
	answers := 0
	file, err := photo(5, s.shape[1], s.shape[2])
	if err != nil {
		return err
	}
	x, batch := s.input(4, 1), s.input(4, s.batch) // which begins with x
	for _, args := range [][]string{{"--threads", "1"}, {}, {"--max-batch", "4"}} {
		if err := s.serve(func(t *target) error {
			equal := func(want *[]byte) func(int, []byte) error {
				return func(status int, answer []byte) error {
					if *want == nil {
						return fmt.Errorf("nothing to compare with")
					}
					if status == fine && !bytes.HasPrefix(answer, *want) {
						return fmt.Errorf("an answer of other bytes")
					}
					return nil
				}
			}
			if wanted == nil {
				var status int
				if status, wanted, err = t.raw(x, "")(ctx); status != fine {
					return fmt.Errorf("%d %s, %w", status, wanted, err)
				}
				if status, classes, err = t.picture(file)(ctx); status != fine {
					return fmt.Errorf("%d %s, %w", status, classes, err)
				}
			}
			for _, way := range []struct {
				name  string
				query query
				want  *[]byte
			}{
				{"HTTP", t.raw(x, ""), &wanted}, {"HTTP, JSON", t.text(x), &wanted}, {"HTTP, a batch", t.raw(batch, ""), &wanted},
				{"HTTP, an image", t.picture(file), &classes}, {"gRPC", t.call(x), &wanted}, {"gRPC, a batch", t.call(batch), &wanted}, {"gRPC, packed", t.call(x, packed), &wanted},
			} {
				for _, clients := range []int{1, 8, 64} {
					got := load{query: way.query, clients: clients, requests: 5 * clients, check: equal(way.want)}.run(ctx)
					if err := got.only(fine); err != nil {
						return fmt.Errorf("%s, %d clients: %w", way.name, clients, err)
					}
					answers += len(got.took[fine])
				}
			}
			return nil
		}, args...); err != nil {
			return err
		}
	}
	s.say("%d answers in 7 ways, of 1, 8 and 64 clients, with one thread, with all and joined: the same bytes", answers)
	return nil
}
