/// What sampling can be asked for, wherever it is checked.
package enum SamplingLimits {
    /// Lowest temperature other than 0, which means greedy: logits divided by less would overflow.
    package static let leastTemperature = 1e-6

    /// Whether logits can be divided by a temperature.
    package static func allow(temperature: Double) -> Bool { temperature >= leastTemperature && temperature.isFinite }
}
