import Foundation

extension ChatTemplate {
    /// A date and a time of day without a time zone, which is all that `strftime_now` shows of the clock.
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
            guard (1...9999).contains(year), (1...12).contains(month),
                (1...Self.daysOfMonth(month, year)).contains(day), (0...23).contains(hour), (0...59).contains(minute),
                (0...59).contains(second)
            else { return nil }
            (self.year, self.month, self.day) = (year, month, day)
            (self.hour, self.minute, self.second) = (hour, minute, second)
        }

        /// Reads `2025-03-09 12:34:56`, or only the date; nil when the text is neither.
        public init?(_ text: String) {
            let halves = text.split(separator: " ", omittingEmptySubsequences: false)
            guard halves.count == 1 || halves.count == 2 else { return nil }
            func numbers(_ half: Substring, _ separator: Character, _ widths: [Int]) -> [Int]? {
                let parts = half.split(separator: separator, omittingEmptySubsequences: false)
                guard parts.map(\.utf8.count) == widths else { return nil }
                let values = parts.compactMap { part in
                    part.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int(part) : nil
                }
                return values.count == parts.count ? values : nil
            }
            guard let date = numbers(halves[0], "-", [4, 2, 2]),
                let clock = halves.count == 1 ? [0, 0, 0] : numbers(halves[1], ":", [2, 2, 2])
            else { return nil }
            self.init(
                year: date[0], month: date[1], day: date[2], hour: clock[0], minute: clock[1], second: clock[2])
        }

        /// What the clock of this machine shows, in its time zone.
        public static var now: Time {
            var seconds = time(nil)
            var parts = tm()
            localtime_r(&seconds, &parts)
            let now = Time(
                year: Int(parts.tm_year) + 1900, month: Int(parts.tm_mon) + 1, day: Int(parts.tm_mday),
                hour: Int(parts.tm_hour), minute: Int(parts.tm_min), second: min(59, Int(parts.tm_sec)))
            return now ?? Time(epoch: ())
        }

        private init(epoch: Void) {
            (year, month, day, hour, minute, second) = (1970, 1, 1, 0, 0, 0)
        }

        private static func isLeap(_ year: Int) -> Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }

        private static func daysOfMonth(_ month: Int, _ year: Int) -> Int {
            switch month {
            case 2: isLeap(year) ? 29 : 28
            case 4, 6, 9, 11: 30
            default: 31
            }
        }

        /// From 1 to 366.
        private var dayOfYear: Int {
            (1..<month).reduce(day) { $0 + Self.daysOfMonth($1, year) }
        }

        /// 0 is Sunday.
        private var weekday: Int {
            let before = year - 1
            return (before * 365 + before / 4 - before / 100 + before / 400 + dayOfYear) % 7
        }

        /// Year and week as ISO 8601 counts them: the first week has the first Thursday of the year.
        private var week: (year: Int, week: Int) {
            let monday = (weekday + 6) % 7
            let week = (dayOfYear - 1 - monday + 10) / 7
            if week < 1 {
                let last = Time(year: max(1, year - 1), month: 12, day: 31)
                return (year - 1, last?.week.week ?? 52)
            }
            if week == 53, (Self.isLeap(year) ? 366 : 365) - dayOfYear < 3 - monday { return (year + 1, 1) }
            return (year, week)
        }
    }
}

// MARK: strftime

extension ChatTemplate.Time {
    private static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
        "December",
    ]
    private static let days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]

    /// The time as C's `strftime` writes it in the C locale, with the flags `-`, `_`, `0`, `^` and `#` of glibc.
    func formatted(_ format: String, _ budget: TemplateBudget) throws(TemplateError) -> String {
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

    private func shown(_ code: Unicode.Scalar, _ flag: Unicode.Scalar?) throws(TemplateError) -> String {
        func number(_ value: Int, _ width: Int, _ standard: Unicode.Scalar = "0") -> String {
            let digits = String(value)
            let fill = flag == "_" ? " " : flag == "0" ? "0" : standard
            guard flag != "-", digits.utf8.count < width else { return digits }
            return String(repeating: String(fill), count: width - digits.utf8.count) + digits
        }
        func name(_ name: some StringProtocol) -> String {
            flag == "^" || flag == "#" ? name.uppercased() : String(name)
        }
        func composed(_ format: String) throws(TemplateError) -> String {
            var result = ""
            var isCode = false
            for scalar in format.unicodeScalars {
                if isCode {
                    result += try shown(scalar, nil)
                } else if scalar != "%" {
                    result.unicodeScalars.append(scalar)
                }
                isCode = !isCode && scalar == "%"
            }
            return flag == "^" ? result.uppercased() : result
        }
        let month = Self.months[self.month - 1], day = Self.days[weekday]
        let twelve = hour % 12 == 0 ? 12 : hour % 12
        switch code {
        case "Y": return number(year, 0)
        case "C": return number(year / 100, 2)
        case "y": return number(year % 100, 2)
        case "m": return number(self.month, 2)
        case "d": return number(self.day, 2)
        case "e": return number(self.day, 2, " ")
        case "B": return name(month)
        case "b", "h": return name(month.prefix(3))
        case "A": return name(day)
        case "a": return name(day.prefix(3))
        case "H": return number(hour, 2)
        case "k": return number(hour, 2, " ")
        case "I": return number(twelve, 2)
        case "l": return number(twelve, 2, " ")
        case "M": return number(minute, 2)
        case "S": return number(second, 2)
        case "f": return "000000"
        case "p": return flag == "#" ? (hour < 12 ? "am" : "pm") : hour < 12 ? "AM" : "PM"
        case "P": return name(hour < 12 ? "am" : "pm")
        case "j": return number(dayOfYear, 3)
        case "w": return number(weekday, 1)
        case "u": return number(weekday == 0 ? 7 : weekday, 1)
        case "U": return number((dayOfYear + 6 - weekday) / 7, 2)
        case "W": return number((dayOfYear + 6 - (weekday + 6) % 7) / 7, 2)
        case "V": return number(week.week, 2)
        case "G": return number(week.year, 0)
        case "g": return number(week.year % 100, 2)
        case "D", "x": return try composed("%m/%d/%y")
        case "F": return try composed("%Y-%m-%d")
        case "T", "X": return try composed("%H:%M:%S")
        case "R": return try composed("%H:%M")
        case "r": return try composed("%I:%M:%S %p")
        case "c": return try composed("%a %b %e %H:%M:%S %Y")
        case "n": return "\n"
        case "t": return "\t"
        case "%": return "%"
        case "z", "Z": return ""
        default:
            throw TemplateError(
                .unsupported, "strftime_now does not know %\(code)", hint: "%Y, %m, %d, %B, %H, %M and %S are known")
        }
    }
}
