import Foundation
import TinyFoundation

/// A fraction in percent with one decimal: `85.5`. The header has the unit.
func percent(_ fraction: Double) -> String { decimal(100 * fraction, 1) }

/// A difference of fractions in percent with its sign: `+53.2`.
func signedPercent(_ fraction: Double) -> String {
    let text = decimal(100 * fraction, 1)
    return text.hasPrefix("−") || text == "0.0" ? text : "+" + text
}

/// `[81.7, 88.6]`, in percent; empty when an end is missing.
func percentInterval(_ estimate: Estimate) -> String {
    guard let low = estimate.low, let high = estimate.high else { return "" }
    return "[\(percent(low)), \(percent(high))]"
}

/// A number with a number of decimals and a real minus sign. A number that rounds to zero has no sign.
func decimal(_ value: Double, _ places: Int) -> String {
    guard value.isFinite else { return value.isNaN ? "–" : value > 0 ? "∞" : "−∞" }
    let text = String(format: "%.*f", places, abs(value))
    let isZero = text.allSatisfy { $0 == "0" || $0 == "." }
    return value < 0 && !isZero ? "−" + text : text
}

/// The shortest decimal that is read as the same number: whole numbers without a fraction, powers as `1e-5`.
package func shortest(_ value: Double) -> String {
    guard value.isFinite else { return decimal(value, 0) }
    if value == value.rounded(), abs(value) < 1e15 { return String(Int(value)) }
    return "\(value)".replacing("e-0", with: "e-").replacing("e+", with: "e")
}

/// `2104960` as `2,104,960`.
func grouped(_ number: Int) -> String {
    TinyFoundation.grouped(number).replacing("-", with: "−")
}

/// Three figures with a unit: `950`, `12.4k`, `2.1M`.
package func compact(_ value: Double) -> String {
    guard value.isFinite else { return decimal(value, 0) }
    var scaled = abs(value), unit = ""
    for next in ["k", "M", "G", "T"] where scaled >= 999.5 {
        scaled /= 1000
        unit = next
    }
    // Places follow from the rounded number: 9.96 is 10.0 with one place, so it has one.
    let places = unit.isEmpty && scaled == scaled.rounded() ? 0 : scaled < 9.995 ? 2 : scaled < 99.95 ? 1 : 0
    var text = String(format: "%.*f", places, scaled)
    if text.contains(".") {
        while text.hasSuffix("0") { text.removeLast() }
        if text.hasSuffix(".") { text.removeLast() }
    }
    return (value < 0 ? "−" : "") + text + unit
}
