/// The first figure of each section as an SVG file, for a README or a paper. It contains its style and loads no other file.
struct PicturePage {
    let report: Report

    /// Space between panels and around them, the height of a title and of a line of the legend.
    private static let gap = 24.0, title = 24.0, legendLine = 20.0

    /// The picture as a file; `nil` where no section has a result.
    var text: String? {
        let figures = report.sections.compactMap { AccuracyFigure($0, note: \.words) }
        guard let first = figures.first else { return nil }
        let width = first.ours.width + first.theirs.width + 3 * Self.gap
        var height = Self.gap, content = ""
        for figure in figures {
            content += panel(figure.ownTitle, figure.ours, x: Self.gap, y: height)
            content += panel(figure.publishedTitle, figure.theirs, x: 2 * Self.gap + figure.ours.width, y: height)
            height += Self.title + figure.ours.height + 8
            height = legend(figure.legend, y: height, width: width, &content) + Self.gap
        }
        let size = (coordinate(width), coordinate(height))
        return "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"\(size.0)\" height=\"\(size.1)\" "
            + "viewBox=\"0 0 \(size.0) \(size.1)\" role=\"img\" aria-labelledby=\"t d\">"
            + "<title id=\"t\">\(escaped(first.ours.title))</title>"
            + "<desc id=\"d\">\(escaped(first.ours.summary))</desc>\n<style>\(PageStyle.picture)</style>\n"
            + "<rect class=\"page\" width=\"100%\" height=\"100%\"/>\n\(content)</svg>\n"
    }

    private func panel(_ title: String, _ chart: Chart, x: Double, y: Double) -> String {
        "<g transform=\"translate(\(coordinate(x)) \(coordinate(y)))\">"
            + "<text class=\"title\" x=\"46\" y=\"10\">\(escaped(title))</text>"
            + "<g transform=\"translate(0 \(coordinate(Self.title)))\">\n\(chart.content)</g></g>\n"
    }

    /// Writes the entries in lines as wide as the picture.
    ///
    /// - Returns: The y position below the legend.
    private func legend(_ entries: [LegendEntry], y top: Double, width: Double, _ content: inout String) -> Double {
        let start = Self.gap + 46
        var x = start, y = top + 10
        for entry in entries {
            let room = 18 + textWidth(entry.name) + Self.gap
            if x > start, x + room > width {
                x = start
                y += Self.legendLine
            }
            content +=
                "<g class=\"\(entry.colour.rawValue)\"><path class=\"dot\" d=\"\(entry.marker.path(x + 5, y - 4))\"/>"
                + "<text class=\"name\" x=\"\(coordinate(x + 15))\" y=\"\(coordinate(y))\">\(escaped(entry.name))</text></g>\n"
            x += room
        }
        return y
    }
}
