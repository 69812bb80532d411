/// Finds the longest of some byte strings at a place in a text.
struct TokenTrie: Sendable {
    private struct Node: Sendable {
        var children: [UInt8: Int] = [:]
        /// What was inserted with the string that ends here.
        var value: Int?
    }

    private var nodes = [Node()]
    /// Whether a string starts with each byte: most places in a text are dismissed with one look.
    private var starts = [Bool](repeating: false, count: 256)

    /// Whether nothing was inserted.
    var isEmpty: Bool { nodes.count == 1 }

    /// Adds a string, which must not be empty; the first value of a string stays.
    mutating func insert(_ string: some Collection<UInt8>, value: Int) {
        if let first = string.first { starts[Int(first)] = true }
        var node = 0
        for byte in string {
            if let child = nodes[node].children[byte] {
                node = child
            } else {
                nodes.append(Node())
                nodes[node].children[byte] = nodes.count - 1
                node = nodes.count - 1
            }
        }
        nodes[node].value = nodes[node].value ?? value
    }

    /// The leftmost string in `range`, and of those the longest.
    func firstMatch(in text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) -> (range: Range<Int>, value: Int)? {
        for start in range where starts[Int(text[start])] {
            var node = 0
            var longest: (range: Range<Int>, value: Int)?
            var end = start
            while end < range.upperBound, let child = nodes[node].children[text[end]] {
                node = child
                end += 1
                if let value = nodes[node].value { longest = (start..<end, value) }
            }
            if let longest { return longest }
        }
        return nil
    }
}
