// placeholder, replaced by the first suite of the target
