# want: <svg
import io

import matplotlib.pyplot as plt
import seaborn as sns


def render(dataset, filters, params):
    sns.set_theme(style="whitegrid", palette="deep")
    figure, axes = plt.subplots(2, 3, figsize=(9, 6))
    sns.barplot(dataset, x="region", y="amount", ax=axes[0, 0])
    sns.boxplot(dataset, x="region", y="amount", ax=axes[0, 1])
    sns.lineplot(dataset, x="day", y="amount", hue="paid", ax=axes[0, 2])
    sns.heatmap(dataset[["amount", "count"]].corr(), annot=True, ax=axes[1, 0])
    sns.histplot(dataset, x="amount", kde=False, ax=axes[1, 1])
    sns.scatterplot(dataset, x="count", y="amount", size="amount", ax=axes[1, 2])
    out = io.StringIO()
    figure.savefig(out, format="svg")
    return out.getvalue()
