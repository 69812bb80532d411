// Two functions that losses and schedules need, from operations that IEEE 754 defines exactly: the system's own versions
// differ in the last bit between platforms, and a run must not.

/// `e` to the power `x`; relative error under 1e-15, and exactly 1 at 0.
///
/// Splits `x = k ln 2 + r` with `|r| ≤ ½ ln 2` and sums the series of `e^r` to the 14th power (the next term is under 1e-19).
package func exactExp(_ x: Double) -> Double {
    guard x.isFinite else { return x.isNaN ? x : (x > 0 ? .infinity : 0) }
    if x > 710 { return .infinity }
    if x < -750 { return 0 }
    let k = (x * 1.4426950408889634).rounded()
    let r = (x - k * 0x1.62e42fee00000p-1) - k * 0x1.a39ef35793c76p-33  // ln 2 in two parts; the first product is exact
    var sum = 1.0
    for power in stride(from: 14.0, through: 1.0, by: -1.0) { sum = 1 + r / power * sum }
    return Double(sign: .plus, exponent: Int(k) / 2, significand: sum)
        * Double(sign: .plus, exponent: Int(k) - Int(k) / 2, significand: 1)  // in two halves: 2^k alone may overflow
}

/// Cosine of `turn` half turns, `0 ≤ turn ≤ 1`; absolute error under 1e-15.
///
/// Sums the series of the cosine up to a quarter, of the sine up to a half, and mirrors the rest.
package func exactCosine(halfTurns turn: Double) -> Double {
    if turn > 0.5 { return -exactCosine(halfTurns: 1 - turn) }
    let usesSine = turn > 0.25
    let angle = Double.pi * (usesSine ? 0.5 - turn : turn)
    let square = angle * angle
    var sum = 1.0
    for power in stride(from: usesSine ? 17.0 : 18.0, to: 1, by: -2) { sum = 1 - square / (power * (power - 1)) * sum }
    return usesSine ? angle * sum : sum
}
