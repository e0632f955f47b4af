package octetbeam

import (
	"errors"
	"fmt"

	"github.com/octet-ml/octet/dataset"
)

// errNoShard: a runner has combined nothing.
var errNoShard = errors.New("the runner has lost all shards: run the pipeline again")

// whole demands that a runner has lost no shard.
func whole(c *dataset.Coverage) error {
	if missing := c.Missing(); missing != nil {
		return fmt.Errorf("the runner has lost %s of %d: run the pipeline again", dataset.ListShards(missing), c.Count)
	}
	return nil
}
