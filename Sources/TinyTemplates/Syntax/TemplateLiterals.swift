import TinyFoundation

/// Finds the ends of numbers as Python writes them: `1_000`, `0xFF`, `1.5e-3`.
struct NumberScanner {
    private let scalars: [Unicode.Scalar]

    init(_ scalars: [Unicode.Scalar]) {
        self.scalars = scalars
    }

    /// The end of a number with a point or an exponent.
    func endOfFloat(from start: Int) -> Int? {
        guard let whole = endOfDigits(from: start) else { return nil }
        var end = whole
        var isFloat = false
        if scalar(end) == ".", let fraction = endOfDigits(from: end + 1) {
            end = fraction
            isFloat = true
        }
        if scalar(end) == "e" || scalar(end) == "E" {
            let sign = scalar(end + 1) == "+" || scalar(end + 1) == "-" ? 1 : 0
            if let exponent = endOfDigits(from: end + 1 + sign) {
                end = exponent
                isFloat = true
            }
        }
        return isFloat ? end : nil
    }

    /// The end of an integer, its radix and the length of the prefix that names the radix.
    func endOfInteger(from start: Int) -> (end: Int, radix: Int, prefix: Int)? {
        if scalar(start) == "0" {
            for (letters, radix) in [("bB", 2), ("oO", 8), ("xX", 16)] {
                guard let letter = scalar(start + 1), letters.unicodeScalars.contains(letter) else { continue }
                let end = self.end(from: start + 2, radix: radix)
                if end > start + 2 { return (end, radix, 2) }
            }
            var end = start + 1
            while true {
                if scalar(end) == "0" {
                    end += 1
                } else if scalar(end) == "_", scalar(end + 1) == "0" {
                    end += 2
                } else {
                    return (end, 10, 0)
                }
            }
        }
        let end = self.end(from: start, radix: 10)
        return end > start ? (end, 10, 0) : nil
    }

    /// Digits, each of which may follow an underscore.
    private func end(from start: Int, radix: Int) -> Int {
        var end = start
        while true {
            let digit = scalar(end) == "_" && (radix != 10 || end > start) ? end + 1 : end
            guard let value = scalar(digit), isDigit(value, radix: radix) else { return end }
            end = digit + 1
        }
    }

    private func endOfDigits(from start: Int) -> Int? {
        guard let first = scalar(start), isDigit(first, radix: 10) else { return nil }
        return end(from: start, radix: 10)
    }

    private func isDigit(_ scalar: Unicode.Scalar, radix: Int) -> Bool {
        guard let byte = UInt8(exactly: scalar.value), let value = hexadecimalValue(byte) else { return false }
        return value < radix
    }

    private func scalar(_ index: Int) -> Unicode.Scalar? { index < scalars.count ? scalars[index] : nil }
}

/// The contents of a string with Python's escapes resolved.
func unescaped(_ contents: ArraySlice<Unicode.Scalar>, at start: Int) throws -> String {
    var text = String.UnicodeScalarView()
    var index = contents.startIndex
    func failure(_ reason: String) -> TemplateSyntaxFailure { TemplateSyntaxFailure(at: start, reason) }

    /// Reads exactly `count` hexadecimal digits.
    func hexadecimal(_ count: Int) throws -> Unicode.Scalar {
        var value: UInt32 = 0
        for _ in 0..<count {
            guard index < contents.endIndex, let byte = UInt8(exactly: contents[index].value),
                let digit = hexadecimalValue(byte)
            else { throw failure("the string has an escape with fewer than \(count) hexadecimal digits") }
            value = value << 4 | digit
            index += 1
        }
        guard let scalar = Unicode.Scalar(value) else {
            throw failure("the string has an escape for U+\(String(value, radix: 16)), which is not a character")
        }
        return scalar
    }

    while index < contents.endIndex {
        let scalar = contents[index]
        index += 1
        guard scalar == "\\", index < contents.endIndex else {
            text.append(scalar)
            continue
        }
        let escape = contents[index]
        index += 1
        switch escape {
        case "\n": break
        case "\\", "'", "\"": text.append(escape)
        case "a": text.append("\u{07}")
        case "b": text.append("\u{08}")
        case "f": text.append("\u{0C}")
        case "n": text.append("\n")
        case "r": text.append("\r")
        case "t": text.append("\t")
        case "v": text.append("\u{0B}")
        case "x": text.append(try hexadecimal(2))
        case "u": text.append(try hexadecimal(4))
        case "U": text.append(try hexadecimal(8))
        case "N": throw failure("the string names a character with \\N, which is not supported")
        case "0"..."7":
            var value = escape.value - 48
            for _ in 0..<2 where index < contents.endIndex && ("0"..."7").contains(contents[index]) {
                value = value * 8 + contents[index].value - 48
                index += 1
            }
            text.append(Unicode.Scalar(value) ?? "\u{FFFD}")
        default:
            // Jinja writes characters beyond ASCII as escapes before it resolves any, so their own backslash is used
            // up.
            text.append("\\")
            text.append(
                contentsOf: escape.isASCII ? String(escape).unicodeScalars : escapedName(of: escape).unicodeScalars)
        }
    }
    return String(text)
}
