extension TextMethods {
    /// A part of a text that a search is limited to, and where it begins, in code points.
    private struct Window {
        var text: String
        var start: Int
        var end: Int
        /// Whether the bounds are in order; otherwise not even the empty text is found.
        var isValid: Bool
    }

    private static func window(
        _ text: String, _ from: TemplateObject?, _ to: TemplateObject?, _ budget: TemplateBudget
    ) throws -> Window {
        try budget.spend(text.utf8.count / 16)
        guard from.unlessNone != nil || to.unlessNone != nil else {
            return Window(text: text, start: 0, end: text.unicodeScalars.count, isValid: true)
        }
        let scalars = Array(text.unicodeScalars)
        func place(_ bound: TemplateObject?, _ standard: Int) throws -> Int {
            let index = try bound.unlessNone.integer(standard, of: "a bound")
            return max(0, index < 0 ? index + scalars.count : index)
        }
        let start = try place(from, 0)
        let end = min(try place(to, scalars.count), scalars.count)
        guard start <= end else { return Window(text: "", start: start, end: end, isValid: false) }
        return Window(text: String(scalars: scalars[start..<end]), start: start, end: end, isValid: true)
    }

    static func search(isFromEnd: Bool, mustExist: Bool) -> Method {
        { text, call in
            let values = try call.positional(of: "find", least: 1, most: 3)
            let part = try values[0].text("", of: "find")
            let window = try window(text.string, values[1], values[2], call.budget)
            let bytes = Array(window.text.utf8)
            let search = ByteSearch(part)
            if window.isValid, let place = isFromEnd ? search.last(in: bytes) : search.first(in: bytes) {
                return .integer(window.start + bytes[..<place].count { $0 & 0xC0 != 0x80 })
            }
            if mustExist { throw invalidOperation("substring not found") }
            return .integer(-1)
        }
    }

    static func count(_ text: TemplateText, _ call: TemplateCall) throws -> TemplateObject {
        let values = try call.positional(of: "count", least: 1, most: 3)
        let part = try values[0].text("", of: "count")
        let window = try window(text.string, values[1], values[2], call.budget)
        guard window.isValid else { return .integer(0) }
        if part.isEmpty { return .integer(window.end - window.start + 1) }
        return .integer(ByteSearch(part).all(in: Array(window.text.utf8)).count)
    }

    static func affix(isPrefix: Bool) -> Method {
        { text, call in
            let values = try call.positional(of: "startswith", least: 1, most: 3)
            let window = try window(text.string, values[1], values[2], call.budget)
            let candidates: [TemplateObject]
            if case .tuple(let list)? = values[0] {
                candidates = list.elements
            } else {
                candidates = [values[0] ?? .none]
            }
            for candidate in candidates {
                let part = try Optional(candidate).text("", of: "startswith or endswith")
                try call.budget.spend(1 + part.utf8.count / 32)
                guard window.isValid else { continue }
                let whole = window.text.utf8
                if isPrefix ? whole.starts(with: part.utf8) : whole.reversed().starts(with: part.utf8.reversed()) {
                    return .bool(true)
                }
            }
            return .bool(false)
        }
    }

    static func removeAffix(isPrefix: Bool) -> Method {
        { text, call in
            let part = try call.positional(of: "removeprefix", least: 1, most: 1)[0].text("", of: "removeprefix")
            try call.budget.build(text.string.utf8.count)
            let whole = text.string.utf8, count = part.utf8.count
            let fits = isPrefix ? whole.starts(with: part.utf8) : whole.reversed().starts(with: part.utf8.reversed())
            guard fits else { return text.with(text.string) }
            let rest = isPrefix ? whole.dropFirst(count) : whole.dropLast(count)
            return text.with(String(decoding: rest, as: UTF8.self))
        }
    }

    static func partition(isFromEnd: Bool) -> Method {
        { text, call in
            let part = try call.positional(of: "partition", least: 1, most: 1)[0].text("", of: "partition")
            guard !part.isEmpty else { throw invalidOperation("empty separator") }
            let bytes = Array(text.string.utf8)
            try call.budget.build(bytes.count)
            let search = ByteSearch(part)
            func piece(_ bytes: ArraySlice<UInt8>) -> TemplateObject {
                text.with(String(decoding: bytes, as: UTF8.self))
            }
            guard let place = isFromEnd ? search.last(in: bytes) : search.first(in: bytes) else {
                let empty = text.with(""), whole = text.with(text.string)
                return .tuple(try TemplateList(isFromEnd ? [empty, empty, whole] : [whole, empty, empty]))
            }
            return .tuple(
                try TemplateList([
                    piece(bytes[..<place]), text.with(part), piece(bytes[(place + search.length)...]),
                ]))
        }
    }

    // MARK: Replacing and splitting

    static func replace(_ text: TemplateText, _ call: TemplateCall) throws -> TemplateObject {
        let values = try call.positional(of: "replace", least: 2, most: 3)
        let old = try values[0].text("", of: "replace")
        var new = try values[1].text("", of: "replace")
        if text.isMarkup, case .string(let part)? = values[1] { new = part.escaped.string }
        let count = try values[2].integer(-1, of: "replace")
        return text.with(try replaced(text.string, old, by: new, count: count, call.budget))
    }

    /// The text with at most `count` occurrences of `old` replaced; all of them when `count` is negative.
    static func replaced(
        _ text: String, _ old: String, by new: String, count: Int, _ budget: TemplateBudget
    ) throws -> String {
        let limit = count < 0 ? Int.max : count
        try budget.build(text.utf8.count)
        if old.isEmpty {
            let scalars = text.unicodeScalars
            try budget.build(min(limit, scalars.count + 1), times: new.utf8.count)
            var result = ""
            var done = 0
            for scalar in scalars {
                if done < limit { result += new }
                done += 1
                result.unicodeScalars.append(scalar)
            }
            return done < limit ? result + new : result
        }
        let bytes = Array(text.utf8), replacement = Array(new.utf8)
        let search = ByteSearch(old)
        let places = search.all(in: bytes, limit: limit)
        guard !places.isEmpty else { return text }
        try budget.build(places.count, times: replacement.count + 8)
        var result: [UInt8] = []
        var start = 0
        for place in places {
            result += bytes[start..<place]
            result += replacement
            start = place + search.length
        }
        result += bytes[start...]
        return String(decoding: result, as: UTF8.self)
    }

    static func split(isFromEnd: Bool) -> Method {
        { text, call in
            let values = try call.bound(to: "split", ["sep", "maxsplit"])
            let most = try values[1].integer(-1, of: "split")
            let limit = most < 0 ? Int.max : most
            let pieces: [String]
            try call.budget.build(text.string.utf8.count, times: 2)
            if let separator = values[0].unlessNone {
                let separator = try Optional(separator).text("", of: "split")
                guard !separator.isEmpty else { throw invalidOperation("empty separator") }
                pieces = parts(of: text.string, at: separator, limit: limit, isFromEnd: isFromEnd)
            } else {
                pieces = words(of: text.string, limit: limit, isFromEnd: isFromEnd)
            }
            return try call.interpreter.list(pieces.map { text.with($0) })
        }
    }

    private static func parts(of text: String, at separator: String, limit: Int, isFromEnd: Bool) -> [String] {
        let bytes = Array(text.utf8)
        var places: [Int]
        if isFromEnd {
            let backwards = ByteSearch(bytes: separator.utf8.reversed())
            let length = separator.utf8.count
            places = backwards.all(in: bytes.reversed(), limit: limit).map { bytes.count - $0 - length }
            places.reverse()
        } else {
            places = ByteSearch(separator).all(in: bytes, limit: limit)
        }
        var pieces: [String] = []
        var start = 0
        for place in places {
            pieces.append(String(decoding: bytes[start..<place], as: UTF8.self))
            start = place + separator.utf8.count
        }
        pieces.append(String(decoding: bytes[start...], as: UTF8.self))
        return pieces
    }

    /// Words between white space; what is left after `limit` cuts keeps its space.
    static func words(of text: String, limit: Int = .max, isFromEnd: Bool = false) -> [String] {
        var scalars = Array(text.unicodeScalars)
        if isFromEnd { scalars.reverse() }
        var pieces: [String] = []
        var index = 0
        func piece(_ range: Range<Int>) -> String {
            isFromEnd ? String(scalars: scalars[range].reversed()) : String(scalars: scalars[range])
        }
        while true {
            while index < scalars.count, scalars[index].isPythonSpace { index += 1 }
            guard index < scalars.count else { break }
            let start = index
            if pieces.count == limit {
                pieces.append(piece(start..<scalars.count))
                break
            }
            while index < scalars.count, !scalars[index].isPythonSpace { index += 1 }
            pieces.append(piece(start..<index))
        }
        return isFromEnd ? pieces.reversed() : pieces
    }

    static func splitLines(_ text: TemplateText, _ call: TemplateCall) throws -> TemplateObject {
        let keepsBreaks = try call.bound(to: "splitlines", ["keepends"])[0].flag(false)
        try call.budget.build(text.string.utf8.count, times: 2)
        return try call.interpreter.list(lines(of: text.string, keepingBreaks: keepsBreaks).map { text.with($0) })
    }
}
