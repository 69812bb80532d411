/// The mean of independent values of any size, with its interval.
///
/// ```swift
/// let mean = MeanInterval([0.5, 1, 0.75, 0.25])
/// mean.mean                                       // 0.625
/// mean.interval                                   // [0.111, 1.139]
/// ```
///
/// The interval is Student's, so it supposes that the mean of so many values is about normally distributed. For shares of right
/// answers ``BinomialProportion`` is better: its interval does not shrink to a point where all values are equal.
public struct MeanInterval: Sendable, Codable, Hashable {
    /// The mean; 0 without values.
    public let mean: Double
    /// Ends of the 95 % interval, low then high; `nil` for fewer than two values.
    public let interval: [Double]?

    /// The mean of finite values.
    public init(_ values: [Double]) {
        let count = Double(values.count)
        let mean = values.isEmpty ? 0 : values.reduce(0, +) / count
        self.mean = mean
        guard values.count > 1 else {
            interval = nil
            return
        }
        let squares = values.reduce(0.0) { $0 + ($1 - mean) * ($1 - mean) }
        let reach = studentQuantile(degrees: values.count - 1) * (squares / (count - 1) / count).squareRoot()
        interval = [mean - reach, mean + reach]
    }
}

/// The quantile of Student's distribution that leaves 2.5 % above.
///
/// Source: from 11 degrees of freedom on, the expansion 26.7.5 of Abramowitz & Stegun, *Handbook of Mathematical Functions*
/// (1964), which is right to five figures there; its tables below.
private func studentQuantile(degrees: Int) -> Double {
    let tabulated = [12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622, 2.2281]
    guard degrees > tabulated.count else { return tabulated[degrees - 1] }
    let x = Confidence.percent95.quantile, n = Double(degrees), square = x * x
    let first = (square + 1) / 4
    let second = ((5 * square + 16) * square + 3) / 96
    let third = (((3 * square + 19) * square + 17) * square - 15) / 384
    let fourth = ((((79 * square + 776) * square + 1482) * square - 1920) * square - 945) / 92160
    return x * (1 + (first + (second + (third + fourth / n) / n) / n) / n)
}
