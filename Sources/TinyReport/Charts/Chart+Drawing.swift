extension Chart {
    /// `inset` keeps the outermost points off the ends of the horizontal axis.
    private static let left = 46.0, top = 10.0, bottom = 40.0, inset = 10.0

    private var plotWidth: Double { width - Self.left - labelWidth }
    private var plotHeight: Double { height - Self.top - Self.bottom }

    // Values outside an axis are drawn at its end.
    private func place(x value: Double) -> Double {
        Self.left + Self.inset + (plotWidth - 2 * Self.inset) * unitShare(x.scale.position(value))
    }

    private func place(y value: Double) -> Double {
        Self.top + plotHeight * (1 - unitShare(y.scale.position(value)))
    }

    /// The chart as an SVG element that scales with the page. `id` must be unique in the page.
    func svg(id: String) -> String {
        "<svg viewBox=\"0 0 \(coordinate(width)) \(coordinate(height))\" role=\"img\" "
            + "aria-labelledby=\"\(id)t \(id)d\"><title id=\"\(id)t\">\(escaped(title))</title>"
            + "<desc id=\"\(id)d\">\(escaped(summary))</desc>\n\(content)</svg>\n"
    }

    /// The content of the chart, ``width`` wide and ``height`` high, without the `svg` element.
    var content: String {
        var out = axes + referenceLines
        // Lines of all series are drawn before all markers, so that no line crosses a marker.
        for (index, series) in series.enumerated() { out += line(series, index) }
        for (index, series) in series.enumerated() { out += markers(series, index) }
        return out
    }

    private var axes: String {
        let right = Self.left + plotWidth, base = Self.top + plotHeight
        var out = "<g class=\"grid\">"
        for tick in y.scale.ticks {
            let height = coordinate(place(y: tick))
            out += "<path d=\"M\(coordinate(Self.left)) \(height)H\(coordinate(right))\"/>"
        }
        out += "</g><g class=\"tick\" text-anchor=\"end\">"
        for tick in y.scale.ticks {
            out += text(y.format(tick), x: Self.left - 6, y: place(y: tick) + 3.5)
        }
        out += "</g><g class=\"axis\"><path d=\"M\(coordinate(Self.left)) \(coordinate(base))H\(coordinate(right))"
        for tick in x.scale.ticks { out += "M\(coordinate(place(x: tick))) \(coordinate(base))v4" }
        out += "\"/></g>"
        if x.scale.kind == .logarithmic { out += minorTicks(base) }
        out += "<g class=\"tick\" text-anchor=\"middle\">"
        for tick in labelledTicks { out += text(x.format(tick), x: place(x: tick), y: base + 16) }
        out += text(x.label, "class=\"name\" ", x: Self.left + plotWidth / 2, y: base + 33)
        let middle = coordinate(Self.top + plotHeight / 2)
        out += "<text class=\"name\" transform=\"translate(11 \(middle)) rotate(-90)\">\(escaped(y.label))</text></g>\n"
        return out
    }

    private func text(_ content: String, _ attributes: String = "", x: Double, y: Double) -> String {
        "<text \(attributes)x=\"\(coordinate(x))\" y=\"\(coordinate(y))\">\(escaped(content))</text>"
    }

    /// Ticks whose labels do not overlap.
    private var labelledTicks: [Double] {
        let widest = x.scale.ticks.map { textWidth(x.format($0)) }.max() ?? 0
        var last = -Double.infinity
        return x.scale.ticks.filter { tick in
            guard place(x: tick) - last >= widest + 8 else { return false }
            last = place(x: tick)
            return true
        }
    }

    private func minorTicks(_ base: Double) -> String {
        var path = ""
        for decade in x.scale.ticks.dropLast() {
            for multiple in 2...9 {
                path += "M\(coordinate(place(x: decade * Double(multiple)))) \(coordinate(base))v2"
            }
        }
        return "<path class=\"axis\" d=\"\(path)\"/>"
    }

    private var referenceLines: String {
        let right = Self.left + plotWidth
        var out = ""
        let order = references.indices.sorted { place(y: references[$0].y) < place(y: references[$1].y) }
        let labels = spread(
            order.map { place(y: references[$0].y) }, apart: 12, within: Self.top + 4...Self.top + plotHeight)
        for (index, label) in zip(order, labels) {
            let reference = references[index], height = place(y: reference.y)
            out +=
                "<g class=\"\(reference.colour.rawValue)\"><path class=\"ref\" d=\"M\(coordinate(Self.left)) "
                + "\(coordinate(height))H\(coordinate(right))\"/><path class=\"lead\" d=\"M\(coordinate(right)) "
                + "\(coordinate(height))L\(coordinate(right + 5)) \(coordinate(label))\"/>"
                + text(reference.label, "class=\"mark\" ", x: right + 7, y: label + 3.5) + "</g>\n"
        }
        return out
    }

    /// Horizontal shift of a point, so that error bars of several series at one place do not overlap.
    private func shift(_ index: Int, at x: Double) -> Double {
        guard movesAside else { return 0 }
        let here = series.indices.filter { series[$0].points.contains { $0.x == x } }
        guard let rank = here.firstIndex(of: index) else { return 0 }
        return (Double(rank) - Double(here.count - 1) / 2) * min(6, 18 / Double(here.count))
    }

    private func line(_ series: ChartSeries, _ index: Int) -> String {
        let points = series.points.filter { !$0.isVariant }
        guard points.count > 1 else { return "" }
        let path = points.map { "\(coordinate(place(x: $0.x) + shift(index, at: $0.x))) \(coordinate(place(y: $0.y)))" }
        return "<path class=\"line \(series.colour.rawValue)\" d=\"M\(path.joined(separator: "L"))\"/>\n"
    }

    private func markers(_ series: ChartSeries, _ index: Int) -> String {
        guard !series.points.isEmpty else { return "" }
        var out = "<g class=\"\(series.colour.rawValue)\">"
        for point in series.points {
            let x = place(x: point.x) + shift(index, at: point.x), y = place(y: point.y)
            out += "<g><title>\(escaped(point.note))</title>"
            if let low = point.low, let high = point.high {
                let top = coordinate(place(y: high)), bottom = coordinate(place(y: low))
                out +=
                    "<path class=\"bar\" d=\"M\(coordinate(x)) \(top)V\(bottom)M\(coordinate(x - 2.5)) \(top)h5"
                    + "M\(coordinate(x - 2.5)) \(bottom)h5\"/>"
            }
            out += "<path class=\"dot\(point.isVariant ? " variant" : "")\" d=\"\(series.marker.path(x, y))\"/></g>"
        }
        return out + "</g>\n"
    }
}

/// Positions at a minimum distance from each other, each as near as possible to the wanted one. `wanted` ascends.
///
/// Groups that would overlap are moved together; a group that would leave the limits is moved inside.
package func spread(_ wanted: [Double], apart distance: Double, within limits: ClosedRange<Double>) -> [Double] {
    var groups: [(members: [Double], start: Double)] = []
    func start(_ members: [Double]) -> Double {
        let middle = members.reduce(0, +) / Double(members.count), reach = Double(members.count - 1) * distance
        return max(limits.lowerBound, min(middle - reach / 2, limits.upperBound - reach))
    }
    for place in wanted {
        groups.append(([place], start([place])))
        while groups.count > 1 {
            let last = groups[groups.count - 1], before = groups[groups.count - 2]
            guard before.start + Double(before.members.count) * distance > last.start else { break }
            groups.removeLast(2)
            groups.append((before.members + last.members, start(before.members + last.members)))
        }
    }
    return groups.flatMap { group in group.members.indices.map { group.start + Double($0) * distance } }
}

/// Approximate width of a text of font size 11.
func textWidth(_ text: String) -> Double { Double(text.count) * 6.2 }
