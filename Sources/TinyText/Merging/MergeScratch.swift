/// Merges the symbols of one word after another, keeping its buffers from word to word.
///
/// Of all neighbours that may merge, the pair with the lowest rank does, the leftmost of equals, until none is left.
struct MergeScratch {
    /// The symbols of the word; after ``mergeAll(_:)`` its tokens.
    var symbols: [UInt32] = []
    /// What each symbol and the one after it merge into.
    private var merges: [PairTable.Merge] = []

    /// For longer words, scanning for the least merge costs more than a queue.
    private static let longestForScan = 64

    /// Merges ``symbols`` in place.
    ///
    /// Cost: for n symbols n² steps of a few instructions up to 64, n log n steps beyond.
    mutating func mergeAll(_ pairs: PairTable) {
        guard symbols.count > 1 else { return }
        merges.removeAll(keepingCapacity: true)
        for index in 1..<symbols.count {
            merges.append(pairs.merge(symbols[index - 1], symbols[index]))
        }
        if symbols.count <= Self.longestForScan {
            mergeByScanning(pairs)
        } else {
            mergeByQueue(pairs)
        }
    }

    private mutating func mergeByScanning(_ pairs: PairTable) {
        while true {
            var least = PairTable.none
            var position = 0
            for index in merges.indices where PairTable.rank(of: merges[index]) < PairTable.rank(of: least) {
                least = merges[index]
                position = index
            }
            guard least != PairTable.none else { return }
            symbols[position] = PairTable.result(of: least)
            symbols.remove(at: position + 1)
            merges.remove(at: position)
            if position < merges.count { merges[position] = pairs.merge(symbols[position], symbols[position + 1]) }
            if position > 0 { merges[position - 1] = pairs.merge(symbols[position - 1], symbols[position]) }
        }
    }

    /// A merge and the place of its left symbol.
    private struct Candidate: Comparable {
        var merge: PairTable.Merge
        var position: Int

        static func < (first: Candidate, second: Candidate) -> Bool {
            (PairTable.rank(of: first.merge), first.position) < (PairTable.rank(of: second.merge), second.position)
        }
    }

    private mutating func mergeByQueue(_ pairs: PairTable) {
        let count = symbols.count
        merges.append(PairTable.none)
        // Symbols stay where they are; those that were merged into the one on their left are skipped by these links.
        var next = Array(1...count)
        var previous = Array(-1..<count - 1)
        var queue = Heap<Candidate>()
        for (position, merge) in merges.enumerated() where merge != PairTable.none {
            queue.insert(Candidate(merge: merge, position: position))
        }
        while let candidate = queue.popLeast() {
            let left = candidate.position
            guard merges[left] == candidate.merge else { continue }  // a neighbour has changed since
            let right = next[left]
            symbols[left] = PairTable.result(of: candidate.merge)
            merges[right] = PairTable.none
            next[left] = next[right]
            if next[left] < count { previous[next[left]] = left }
            merges[left] = next[left] < count ? pairs.merge(symbols[left], symbols[next[left]]) : PairTable.none
            if merges[left] != PairTable.none { queue.insert(Candidate(merge: merges[left], position: left)) }
            let before = previous[left]
            guard before >= 0 else { continue }
            merges[before] = pairs.merge(symbols[before], symbols[left])
            if merges[before] != PairTable.none { queue.insert(Candidate(merge: merges[before], position: before)) }
        }
        var kept = 0
        var position = 0
        while position < count {
            symbols[kept] = symbols[position]
            kept += 1
            position = next[position]
        }
        symbols.removeLast(count - kept)
    }
}

/// A binary heap: the least element is found at once, and taken in logarithmic time.
struct Heap<Element: Comparable> {
    private var elements: [Element] = []

    /// Adds an element.
    mutating func insert(_ element: Element) {
        elements.append(element)
        var child = elements.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard elements[child] < elements[parent] else { break }
            elements.swapAt(child, parent)
            child = parent
        }
    }

    /// Removes and returns the least element.
    mutating func popLeast() -> Element? {
        guard let last = elements.popLast() else { return nil }
        guard let least = elements.first else { return last }
        elements[0] = last
        var parent = 0
        while true {
            var child = 2 * parent + 1
            guard child < elements.count else { break }
            if child + 1 < elements.count, elements[child + 1] < elements[child] { child += 1 }
            guard elements[child] < elements[parent] else { break }
            elements.swapAt(child, parent)
            parent = child
        }
        return least
    }
}
