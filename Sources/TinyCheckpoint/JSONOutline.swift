import Foundation

/// What a JSON text looks like from afar, told before a decoder sees it: Foundation's decoders keep the first of two equal
/// keys where Python keeps the last, and use stack for every level of nesting.
struct JSONOutline {
    /// Far above any file read here, and little enough for the half megabyte of stack that a thread may have.
    static let deepest = 64

    /// Whether brackets nest deeper than ``deepest``; the rest has then not been looked at.
    private(set) var isTooDeep = false
    /// A key that one object has twice, if any. Means nothing in a text that is not valid JSON.
    private(set) var repeatedKey: String?

    init(of text: UnsafeRawBufferPointer) {
        var keys: [Set<String>] = []  // of every object or list that is open
        var string = 0..<0  // the last one, quotes included
        var position = 0
        while position < text.count {
            switch text[position] {
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                keys.append([])
                if keys.count > Self.deepest {
                    isTooDeep = true
                    return
                }
            case UInt8(ascii: "}"), UInt8(ascii: "]"): _ = keys.popLast()
            case UInt8(ascii: "\""):
                let start = position
                position += 1
                while position < text.count, text[position] != UInt8(ascii: "\"") {
                    position += text[position] == UInt8(ascii: "\\") ? 2 : 1
                }
                string = start..<min(position + 1, text.count)
            case UInt8(ascii: ":") where !keys.isEmpty && repeatedKey == nil:
                let key = Self.key(UnsafeRawBufferPointer(rebasing: text[string]))
                if !keys[keys.count - 1].insert(key).inserted { repeatedKey = key }
            default: break
            }
            position += 1
        }
    }

    /// The key that a literal stands for; escapes are rare enough for a decoder.
    private static func key(_ literal: UnsafeRawBufferPointer) -> String {
        if literal.contains(UInt8(ascii: "\\")), let key = try? JSONDecoder().decode(String.self, from: Data(literal)) {
            return key
        }
        return String(decoding: literal.dropFirst().dropLast(), as: UTF8.self)
    }
}
