import Foundation

extension TemplateFilters {
    static func absolute(_ value: TemplateObject, _ call: TemplateCall) throws -> TemplateObject {
        switch value.number {
        case .integer(let number)?:
            return number < 0 ? try call.interpreter.negated(.integer(number)) : .integer(number)
        case .float(let number)?: return .float(number.magnitude)
        case nil: throw invalidOperation("bad operand type for abs(): '\(value.typeName)'")
        }
    }

    static func integer(_ value: TemplateObject, _ call: TemplateCall) throws -> TemplateObject {
        let values = try call.bound(to: "int", ["default", "base"])
        let base = try values[1].integer(10, of: "int")
        func truncated(_ number: Double) throws -> TemplateObject? {
            if number.isNaN { return nil }
            guard let whole = Int(exactly: number.rounded(.towardZero)) else { throw tooLarge() }
            return .integer(whole)
        }
        switch value {
        case .undefined(let reason): throw reason.error
        case .wideInteger: return value
        case .string(let text):
            try call.budget.spend(text.string.utf8.count / 16)
            if let whole = try pythonInteger(text.string, base: base) { return .integer(whole) }
            guard let number = pythonFloat(text.string) else { break }
            if number.isFinite, let whole = try truncated(number) { return whole }
        default:
            switch value.number {
            case .integer(let whole)?: return .integer(whole)
            case .float(let number)?: if let whole = try truncated(number) { return whole }
            case nil: break
            }
        }
        return values[0] ?? .integer(0)
    }

    static func float(_ value: TemplateObject, _ call: TemplateCall) throws -> TemplateObject {
        let values = try call.bound(to: "float", ["default"])
        if case .undefined(let reason) = value { throw reason.error }
        if let number = number(value) { return .float(number) }
        return values[0] ?? .float(0)
    }

    /// What Python's `float()` makes of a value.
    private static func number(_ value: TemplateObject) -> Double? {
        switch value {
        case .string(let text): pythonFloat(text.string)
        case .wideInteger(let digits): Double(digits)
        default: value.number?.double
        }
    }

    /// Python's `float(text)`.
    private static func pythonFloat(_ text: String) -> Double? {
        let trimmed = stripped(text, of: nil).lowercased()
        guard let plain = withoutUnderscores(trimmed) else { return nil }
        let digits = plain.hasPrefix("+") || plain.hasPrefix("-") ? plain.dropFirst() : plain[...]
        switch digits {
        case "inf", "infinity": return plain.hasPrefix("-") ? -.infinity : .infinity
        case "nan": return .nan
        default:
            // What is left after this check, the C library reads as Python does, also `1.` and `.5`.
            guard digits.utf8.allSatisfy({ "0123456789.e+-".utf8.contains($0) }),
                let first = digits.utf8.first, first == UInt8(ascii: ".") || (0x30...0x39).contains(first)
            else { return nil }
            return plain.withCString { text in
                var end: UnsafeMutablePointer<CChar>?
                let value = strtod(text, &end)
                return end?.pointee == 0 ? value : nil
            }
        }
    }

    /// The text without underscores between digits; nil when one stands elsewhere.
    private static func withoutUnderscores(_ text: String) -> String? {
        guard text.utf8.contains(UInt8(ascii: "_")) else { return text }
        let bytes = Array(text.utf8)
        for (index, byte) in bytes.enumerated() where byte == UInt8(ascii: "_") {
            guard index > 0, index + 1 < bytes.count, Unicode.Scalar(bytes[index - 1]).isPythonAlphanumeric,
                Unicode.Scalar(bytes[index + 1]).isPythonAlphanumeric
            else { return nil }
        }
        return String(decoding: bytes.filter { $0 != UInt8(ascii: "_") }, as: UTF8.self)
    }

    /// Python's `int(text, base)`; nil when the text is no whole number.
    private static func pythonInteger(_ text: String, base: Int) throws -> Int? {
        guard base == 0 || (2...36).contains(base) else { return nil }
        var digits = stripped(text, of: nil).lowercased()[...]
        let isNegative = digits.hasPrefix("-")
        if isNegative || digits.hasPrefix("+") { digits = digits.dropFirst() }
        var radix = base == 0 ? 10 : base
        for (prefix, value) in [("0x", 16), ("0o", 8), ("0b", 2)]
        where digits.hasPrefix(prefix) && (base == 0 || base == value) {
            digits = digits.dropFirst(2)
            if digits.hasPrefix("_") { digits = digits.dropFirst() }
            radix = value
        }
        guard let plain = withoutUnderscores(String(digits)), !plain.isEmpty,
            plain.utf8.allSatisfy({ $0 < 0x80 && Unicode.Scalar($0).isPythonAlphanumeric })
        else { return nil }
        let isNumber = plain.utf8.allSatisfy { byte in
            let value = byte < 0x3A ? Int(byte) - 0x30 : Int(byte) - 0x61 + 10
            return value < radix
        }
        guard isNumber else { return nil }
        guard let value = Int((isNegative ? "-" : "") + plain, radix: radix) else { throw tooLarge() }
        return value
    }

    static func sum(_ value: TemplateObject, _ call: TemplateCall) throws -> TemplateObject {
        let values = try call.bound(to: "sum", ["attribute", "start"])
        let path = path(values[0])
        var total = values[1] ?? .integer(0)
        if case .string = total {
            throw invalidOperation("sum() can't sum strings [use ''.join(seq) instead]")
        }
        let elements = try call.interpreter.generator(over: value)
        while let element = try elements.next() {
            total = try call.interpreter.combine(total, .add, try call.interpreter.path(path, of: element))
        }
        return total
    }

    static func round(_ value: TemplateObject, _ call: TemplateCall) throws -> TemplateObject {
        let values = try call.bound(to: "round", ["precision", "method"])
        let precision = try values[0].integer(0, of: "round")
        let method = try values[1].text("common", of: "round")
        guard ["common", "ceil", "floor"].contains(method) else {
            throw invalidOperation("method must be common, ceil or floor")
        }
        guard let number = value.number else {
            throw invalidOperation("type \(value.typeName) doesn't define __round__ method")
        }
        guard method == "common" else {
            guard precision.magnitude <= 300 else { throw tooLarge() }
            let scale = try call.interpreter.combine(.integer(10), .power, .integer(precision))
            guard let scaled = try call.interpreter.combine(value, .multiply, scale).number?.double else {
                return value
            }
            let whole = method == "ceil" ? scaled.rounded(.up) : scaled.rounded(.down)
            guard let integer = Int(exactly: whole) else { throw tooLarge() }
            return try call.interpreter.combine(.integer(integer), .divide, scale)
        }
        switch number {
        case .float(let number): return .float(rounded(number, to: precision))
        case .integer(let number): return .integer(try rounded(number, to: precision))
        }
    }

    /// The nearest number with so many decimals, by its exact value; of two the even one.
    private static func rounded(_ number: Double, to decimals: Int) -> Double {
        guard number.isFinite, decimals <= 330 else { return number }
        if decimals < -310 { return number.sign == .minus ? -0.0 : 0 }
        if decimals >= 0 { return Double(String(format: "%.\(decimals)f", number)) ?? number }
        let scale = Foundation.pow(10, Double(-decimals))
        let result = (number / scale).rounded(.toNearestOrEven) * scale
        return result.isFinite ? result : number
    }

    private static func rounded(_ number: Int, to decimals: Int) throws -> Int {
        guard decimals < 0 else { return number }
        guard decimals > -19 else { return 0 }
        var scale = 1
        for _ in 0..<(-decimals) { scale *= 10 }
        let remainder = number % scale
        let base = number - remainder
        let double = remainder.magnitude.multipliedReportingOverflow(by: 2)
        let isUp =
            double.partialValue > scale.magnitude || double.partialValue == scale.magnitude && (base / scale) % 2 != 0
        guard isUp else { return base }
        let (result, overflow) = base.addingReportingOverflow(number < 0 ? -scale : scale)
        if overflow { throw tooLarge() }
        return result
    }

    static func formatFileSize(_ value: TemplateObject, _ call: TemplateCall) throws -> TemplateObject {
        let isBinary = try call.bound(to: "filesizeformat", ["binary"])[0].flag(false)
        guard let bytes = number(value) else {
            throw invalidOperation("filesizeformat needs a number, found \(value.typeName)")
        }
        let base = isBinary ? 1024.0 : 1000.0
        let letters = ["k", "M", "G", "T", "P", "E", "Z", "Y"]
        if bytes == 1 { return .text("1 Byte") }
        if bytes < base {
            guard let whole = Int(exactly: bytes.rounded(.towardZero)) else { throw tooLarge() }
            return .text("\(whole) Bytes")
        }
        guard bytes.isFinite else { throw tooLarge() }
        var unit = base * base
        var index = 0
        while bytes >= unit && index + 1 < letters.count {
            unit *= base
            index += 1
        }
        let suffix = isBinary ? letters[index].uppercased() + "iB" : letters[index] + "B"
        return .text(String(format: "%.1f ", base * bytes / unit) + suffix)
    }
}
