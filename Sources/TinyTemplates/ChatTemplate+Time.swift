import Foundation

extension ChatTemplate {
    /// A date and a time of day without a time zone, for `strftime_now`.
    public struct Time: Sendable, Hashable {
        /// From 1 to 9999.
        public let year: Int
        /// From 1 to 12.
        public let month: Int
        /// From 1 to the length of the month.
        public let day: Int
        /// From 0 to 23.
        public let hour: Int
        /// From 0 to 59.
        public let minute: Int
        /// From 0 to 59.
        public let second: Int

        /// A time of the Gregorian calendar, or nil when there is none with these numbers.
        public init?(year: Int, month: Int, day: Int, hour: Int = 0, minute: Int = 0, second: Int = 0) {
            guard (1...9999).contains(year), (1...12).contains(month), (1...31).contains(day),
                (0...23).contains(hour), (0...59).contains(minute), (0...59).contains(second)
            else { return nil }
            (self.year, self.month, self.day) = (year, month, day)
            (self.hour, self.minute, self.second) = (hour, minute, second)
            guard parts.tm_mday == day else { return nil }  // the month has fewer days
        }

        /// Reads `2025-03-09 12:34:56`, or only the date; nil when the text is neither.
        public init?(_ text: String) {
            let pattern = /([0-9]{4})-([0-9]{2})-([0-9]{2})(?: ([0-9]{2}):([0-9]{2}):([0-9]{2}))?/
            guard let parts = text.wholeMatch(of: pattern)?.output else { return nil }
            func number(_ digits: Substring?) -> Int { digits.flatMap { Int($0) } ?? 0 }
            self.init(
                year: number(parts.1), month: number(parts.2), day: number(parts.3), hour: number(parts.4),
                minute: number(parts.5), second: number(parts.6))
        }

        /// What the clock of this machine shows, in its time zone.
        public static var now: Time {
            var seconds = time(nil)
            var parts = tm()
            localtime_r(&seconds, &parts)
            return Time(parts)
        }

        private init(_ parts: tm) {
            (year, month, day) = (Int(parts.tm_year) + 1900, Int(parts.tm_mon) + 1, Int(parts.tm_mday))
            (hour, minute, second) = (Int(parts.tm_hour), Int(parts.tm_min), min(59, Int(parts.tm_sec)))
        }

        /// The time as the C library has it, with the days of week and year.
        fileprivate var parts: tm {
            var parts = tm()
            (parts.tm_year, parts.tm_mon, parts.tm_mday) = (Int32(year) - 1900, Int32(month) - 1, Int32(day))
            (parts.tm_hour, parts.tm_min, parts.tm_sec) = (Int32(hour), Int32(minute), Int32(second))
            _ = timegm(&parts)
            return parts
        }
    }
}

// MARK: strftime

extension ChatTemplate.Time {
    /// The time as C's `strftime` writes it in the C locale, with the flags `-`, `_`, `0`, `^` and `#` of glibc.
    func formatted(_ format: String, _ budget: TemplateBudget) throws -> String {
        var result = ""
        var scalars = format.unicodeScalars[...]
        try budget.build(format.utf8.count)
        while let scalar = scalars.popFirst() {
            guard scalar == "%" else {
                result.unicodeScalars.append(scalar)
                continue
            }
            var flag: Unicode.Scalar?
            while let next = scalars.first, "-_0^#".unicodeScalars.contains(next) {
                flag = next
                scalars.removeFirst()
            }
            guard let code = scalars.popFirst() else {
                result += "%"
                break
            }
            let shown = try self.shown(code, flag)
            try budget.build(shown.utf8.count)
            result += shown
        }
        return result
    }

    private func shown(_ code: Unicode.Scalar, _ flag: Unicode.Scalar?) throws -> String {
        switch code {
        case "Y": return String(year)
        case "f": return "000000"
        case "z", "Z": return ""
        case "C", "y", "m", "d", "e", "H", "k", "I", "l", "M", "S", "j", "w", "u", "U", "W", "V", "g":
            let text = standard(code)
            guard let fill = ["-": "", "_": " ", "0": "0"][flag] else { return text }
            let padding = text.dropLast().prefix { $0 == "0" || $0 == " " }.count
            return String(repeating: fill, count: padding) + text.dropFirst(padding)
        case "p", "P":
            let isLower = (code == "P") != (flag == "#") && flag != "^"
            return isLower ? standard("p").lowercased() : standard("p")
        case "B", "b", "h", "A", "a":
            return flag == "^" || flag == "#" ? standard(code).uppercased() : standard(code)
        case "G", "D", "x", "F", "T", "X", "R", "r", "c", "n", "t", "%":
            return flag == "^" ? standard(code).uppercased() : standard(code)
        default:
            throw TemplateError(
                .unsupported, "strftime_now does not know %\(code)", hint: "%Y, %m, %d, %B, %H, %M and %S are known")
        }
    }

    /// What the C library writes for a code without flags.
    private func standard(_ code: Unicode.Scalar) -> String {
        var parts = parts
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { buffer in
            guard let text = buffer.baseAddress, strftime(text, buffer.count, "%\(code)", &parts) > 0 else { return "" }
            return String(cString: text)
        }
    }
}
