/// A few curves in a small frame, one of many with the same scales.
struct SmallChart {
    /// What it shows, for those who cannot see it.
    var title: String
    /// Curves of values at steps 1, 2, ….
    var curves: [[Double]]
    /// Steps on the whole width.
    var steps: Int
    /// Values at the bottom and the top.
    var range: ClosedRange<Double>
    var colour: ChartColour

    static let width = 190.0, height = 56.0
    /// Points of one curve; more steps than these are averaged.
    static let points = 48

    var svg: String {
        var path = ""
        for curve in curves where !curve.isEmpty {
            let values = binned(curve, into: Self.points)
            let length = Self.width * Double(curve.count) / Double(max(1, steps))
            var previous = (x: 0, y: 0)
            for (index, value) in values.enumerated() {
                let x = Int((length * (Double(index) + 0.5) / Double(values.count)).rounded())
                let y = Int((Self.height - 2 - (Self.height - 4) * share(value)).rounded())
                path += index == 0 ? "M\(x) \(y)" : "l\(x - previous.x) \(y - previous.y)"
                previous = (x, y)
            }
            if values.count == 1 { path += "h2" }
        }
        return "<svg class=\"small \(colour.rawValue)\" viewBox=\"0 0 190 56\" role=\"img\"><title>\(escaped(title))"
            + "</title><path class=\"base\" d=\"M0 55.5H190\"/><path class=\"thin\" d=\"\(path)\"/></svg>"
    }

    private func share(_ value: Double) -> Double {
        let width = range.upperBound - range.lowerBound
        return width > 0 ? unitShare((value - range.lowerBound) / width) : 0.5
    }
}
