import Foundation

/// An integer with commas between groups of three digits: `-1,234,567`.
package func grouped(_ number: Int) -> String {
    let digits = Array(String(number.magnitude))
    let groups = digits.indices.map { index in
        index > 0 && (digits.count - index).isMultiple(of: 3) ? ",\(digits[index])" : "\(digits[index])"
    }
    return (number < 0 ? "-" : "") + groups.joined()
}

/// A count with commas and its noun: `1 parameter`, `169,920 parameters`.
package func counted(_ count: Int, _ noun: String) -> String { "\(grouped(count)) \(noun)\(count == 1 ? "" : "s")" }

/// Seconds as a clock shows them: `0:04:51`.
///
/// More than a year is `> 1 year`: the time that is left may be as long as a setting allows. What is no number is `?`.
package func clockTime(_ seconds: Double) -> String {
    guard !seconds.isNaN else { return "?" }
    guard seconds <= 365 * 86_400 else { return "> 1 year" }
    let whole = Int(max(0, seconds.rounded()))
    func twoDigits(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    return "\(whole / 3600):\(twoDigits(whole / 60 % 60)):\(twoDigits(whole % 60))"
}

/// A p-value: three decimals, or its magnitude below a thousandth as `9e-53`, and `<1e-300` below that.
package func pValueText(_ p: Double) -> String {
    p >= 0.0005
        ? String(format: "%.3f", p) : p < 1e-300 ? "<1e-300" : String(format: "%.0e", p).replacing("e-0", with: "e-")
}

/// A p-value in a sentence: `p = 0.004`, `p < 1e-300`.
package func pValuePhrase(_ p: Double) -> String {
    let text = pValueText(p)
    return text.hasPrefix("<") ? "p < \(text.dropFirst())" : "p = \(text)"
}
