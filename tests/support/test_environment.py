"""What importing TensorFlow by way of the suite does to the process."""

import gc


def test_the_garbage_collector_works_and_leaves_out_what_was_imported():
    assert gc.isenabled()
    # Some 440,000 objects, most of them functions of 3,000 modules.
    assert gc.get_freeze_count() > 100_000
