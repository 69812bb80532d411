#if canImport(Glibc)
    internal import Glibc
#endif

/// Memory for weights, aligned to a cache line. Large blocks ask for large pages: reading a gigabyte of weights for every token
/// misses the translation caches less, and the system clears the memory faster.
func allocateWeights(byteCount: Int) -> UnsafeMutableRawPointer {
    #if canImport(Glibc)
        let pageBytes = 2 << 20
        guard byteCount >= 2 * pageBytes else { return .allocate(byteCount: byteCount, alignment: 64) }
        let memory = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: pageBytes)
        _ = madvise(memory, byteCount, MADV_HUGEPAGE)  // a system that has none says so, and nothing is lost
        return memory
    #else
        return .allocate(byteCount: byteCount, alignment: 64)
    #endif
}
