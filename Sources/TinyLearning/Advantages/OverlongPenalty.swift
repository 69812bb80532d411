/// What a long completion loses of its reward, so that running out of room is not met by surprise.
///
/// With `M` tokens at most and a margin of `C` of them, a completion of `T` tokens (stop token included) earns
///
///     T ≤ M - C         0
///     M - C < T ≤ M     ((M - C) - T) / C        in a straight line to -1
///     M < T             -1
///
/// Source: DAPO, arXiv:2503.14476 eq. 13 (TRL: `get_soft_overlong_punishment`).
package struct OverlongPenalty: Sendable {
    private let maxTokens: Int
    private let margin: Int

    /// A penalty on the last `margin` of `maxTokens` tokens. The margin is at least 1 and less than `maxTokens`.
    package init(maxTokens: Int, margin: Int) {
        self.maxTokens = maxTokens
        self.margin = margin
    }

    /// What a completion of `length` tokens earns for its length. Range: `[-1, 0]`.
    package func reward(length: Int) -> Double {
        let free = maxTokens - margin
        if length <= free { return 0 }
        return length <= maxTokens ? Double(free - length) / Double(margin) : -1
    }
}
