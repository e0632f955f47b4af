// Package parallel runs the indices of a task on a fixed set of goroutines.
//
// The workers are persistent: they spin for a moment after each task, since the
// next one usually follows at once, and then sleep; a few milliseconds later where
// tasks came as soon as that before. Starting a task allocates nothing. A pool that
// is busy (another run, or a task started inside a task) does not queue: the caller
// then computes alone, so nesting cannot deadlock and several concurrent runs do not
// fight over the cores: those that say so (Enter) leave each other a thread.
//
// The package knows nothing of what is computed. Which worker gets which index
// is not determined; tasks must not let their results depend on it.
package parallel
