import TinyRecords

extension HTMLPage {
    /// Accuracy and share of the gain against the number of trained parameters, beside the published curves.
    func figures(_ section: Section, _ writer: inout PageWriter) {
        guard let figure = AccuracyFigure(section, note: note) else { return }
        writer.add("<figure><div class=\"pair\">")
        writer.add(panel(figure.ownTitle, figure.ours, &writer))
        writer.add(panel(figure.publishedTitle, figure.theirs, &writer))
        writer.add("</div>" + legend(figure.legend))
        let hasVariants = figure.own.flatMap(\.points).contains(where: \.isVariant)
        let hollow = hasVariants ? "Hollow: variants in a further setting. " : ""
        writer.add(
            "<figcaption>"
                + writer.caption(
                    figure: "Accuracy against the number of trained parameters, mean over seeds with 95 % intervals. "
                        + "Dashed: the untrained model and full fine-tuning. \(hollow)Both panels have the same axes; the "
                        + "published curves are of another model and other problems (\(escaped(PublishedCurve.source)))."
                )
                + "</figcaption></figure>\n")
        shares(section, figure.ours.x, figure.curves, &writer)
    }

    // MARK: Pieces

    /// A chart under a title.
    func panel(_ title: String, _ chart: Chart, _ writer: inout PageWriter) -> String {
        "<div><p class=\"panel\">\(escaped(title))</p>" + chart.svg(id: writer.identifier()) + "</div>"
    }

    /// A result in words, and the runs behind it.
    func note(_ result: CellResult) -> String {
        result.words + ", runs " + result.sources.compactMap { numbers[$0.run].map(String.init) }.joined(separator: " ")
    }

    /// What the colours and shapes are.
    func legend(_ entries: [LegendEntry]) -> String {
        var out = "<p class=\"legend\">"
        for entry in entries {
            out +=
                "<span class=\"\(entry.colour.rawValue)\"><svg viewBox=\"0 0 14 14\" aria-hidden=\"true\">"
                + "<path class=\"dot\" d=\"\(entry.marker.path(7, 7))\"/></svg>\(escaped(entry.name))</span> "
        }
        return out + "</p>"
    }
}
