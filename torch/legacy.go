package torch

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// legacyMagic is the number in the first pickle of a legacy stream, 0x1950a86a20f9469cfc6c.
const legacyMagic = "119547037146038801333356"

// readLegacy reads the stream of torch < 1.6: five pickles (magic, protocol,
// system, object, storage keys), then per key an element count and the elements.
func (c *Checkpoint) readLegacy(r io.ReaderAt, size int64) error {
	c.format = "legacy"
	in := newCursor(io.NewSectionReader(r, 0, size), size)
	next := func(part string, persist func(Value) (Value, error)) (Value, error) {
		in.left = min(c.lim.PickleBytes, size-in.pos)
		v, err := unpickle(in, c.lim, persist)
		return v, located(err, "", part)
	}
	magic, err := next("magic number", nil)
	if err != nil {
		return err
	}
	if n, ok := magic.(BigInt); !ok || n != legacyMagic {
		return withRemedy(errors.New("a pickle, but not one of torch.save: the magic number is missing"), "save it with "+SaveStateDict)
	}
	protocol, err := next("protocol", nil)
	if err != nil {
		return err
	}
	if protocol != Value(Int(1001)) {
		return fmt.Errorf("protocol %v, expected 1001", protocol)
	}
	system, err := next("system information", nil)
	if err != nil {
		return err
	}
	if _, ok := system.(*Dict); !ok {
		return fmt.Errorf("system information is %s, expected a dict", system.kind())
	}
	if c.root, err = next("object", c.storages.persistentID); err != nil {
		return err
	}
	keys, err := next("storage keys", nil)
	if err != nil {
		return err
	}
	return located(c.placePayloads(r, size, in.pos, keys), "", "storages")
}

// placePayloads finds where each storage of the key list lies. Counts and
// elements are little-endian on every machine.
func (c *Checkpoint) placePayloads(r io.ReaderAt, size, at int64, keys Value) error {
	list, ok := keys.(*List)
	if !ok {
		return fmt.Errorf("the storage keys are %s, expected a list", keys.kind())
	}
	if len(list.Items) != len(c.storages.order) {
		return fmt.Errorf("%d storages in the key list, %d in the pickle", len(list.Items), len(c.storages.order))
	}
	for _, item := range list.Items {
		key, _ := item.(String)
		st := c.storages.byKey[string(key)]
		if st == nil || st.open != nil {
			return fmt.Errorf("storage key %q is unknown or repeated", key)
		}
		if storageClasses[st.class].size == 0 {
			return fmt.Errorf("storage %s: %s is not supported in legacy files", st.Key, st.class)
		}
		var count [8]byte
		if _, err := io.ReadFull(io.NewSectionReader(r, at, 8), count[:]); err != nil {
			return fmt.Errorf("storage %s: %w: the file is cut off", st.Key, err)
		}
		if n := int64(binary.LittleEndian.Uint64(count[:])); n != st.numel {
			return fmt.Errorf("storage %s: %d elements, the pickle says %d", st.Key, n, st.numel)
		}
		at += 8
		if st.Bytes > size-at {
			return fmt.Errorf("storage %s: %d bytes wanted, %d left: the file is cut off", st.Key, st.Bytes, size-at)
		}
		st.open = sectionOpener(r, at, st.Bytes)
		at += st.Bytes
	}
	return nil
}
