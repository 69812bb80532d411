#if canImport(Glibc)
    internal import Glibc
#endif

/// Memory for numbers, aligned to a cache line. Large blocks ask for large pages: a gigabyte of weights that is read for every
/// token then misses the translation caches less, and new memory costs less to make.
func allocateNumbers(byteCount: Int) -> UnsafeMutableRawPointer {
    #if canImport(Glibc)
        let pageBytes = 2 << 20
        guard byteCount >= 2 * pageBytes else { return .allocate(byteCount: byteCount, alignment: 64) }
        let memory = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: pageBytes)
        _ = madvise(memory, byteCount, MADV_HUGEPAGE)  // where there are none, ordinary pages serve
        return memory
    #else
        return .allocate(byteCount: byteCount, alignment: 64)
    #endif
}
