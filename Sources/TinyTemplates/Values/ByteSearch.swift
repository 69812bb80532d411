/// Finds a text in another in linear time, for any contents (Knuth, Morris and Pratt).
struct ByteSearch {
    private let needle: [UInt8]
    /// For each prefix, the length of its longest proper prefix that is also its suffix.
    private let borders: [Int]

    var length: Int { needle.count }

    init(_ needle: String) {
        self.init(bytes: Array(needle.utf8))
    }

    /// Where the text first occurs at or after `start`.
    func first(in text: [UInt8], from start: Int = 0) -> Int? {
        guard !needle.isEmpty else { return start <= text.count ? start : nil }
        var length = 0
        var index = start
        while index < text.count {
            while length > 0, text[index] != needle[length] { length = borders[length - 1] }
            if text[index] == needle[length] { length += 1 }
            index += 1
            if length == needle.count { return index - length }
        }
        return nil
    }

    /// Where the text occurs, without overlaps, at most `limit` times. The text must not be empty.
    func all(in text: [UInt8], limit: Int = .max) -> [Int] {
        var found: [Int] = []
        var start = 0
        while found.count < limit, let next = first(in: text, from: start) {
            found.append(next)
            start = next + max(1, needle.count)
        }
        return found
    }

    /// Where the text last occurs.
    func last(in text: [UInt8]) -> Int? {
        ByteSearch(bytes: needle.reversed()).first(in: text.reversed()).map { text.count - $0 - needle.count }
    }

    /// Searches for bytes.
    init(bytes: [UInt8]) {
        needle = bytes
        var borders = [Int](repeating: 0, count: bytes.count)
        var length = 0
        for index in bytes.indices.dropFirst() {
            while length > 0, bytes[index] != bytes[length] { length = borders[length - 1] }
            if bytes[index] == bytes[length] { length += 1 }
            borders[index] = length
        }
        self.borders = borders
    }
}
